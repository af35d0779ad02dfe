// The controls of the page, and the answer for a whole recording.
import { coloursOf, drawSpectrogram, drawWaveform, onLook } from "./drawing.js";
import { LiveView } from "./live.js";
import { SILENCE, ask, json } from "./prediction.js";
import { SAMPLE_RATE_HZ, decoded, melSpectrogram, peakOf } from "./sound.js";
import { filePlayer, openMicrophone } from "./stream.js";

const SHORTEST_S = 0.1, PAUSE_S = 0.8;
const at = (id) => document.getElementById(id);
let turn = 0;  // a response that arrives after another recording was chosen is dropped
let streams = [];  // names of the models that can answer streams
let current = null;  // the recording that the page shows
let recorder = null;

function say(text, bad = false) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", bad);
}

function cell(kind, text, parent) {
  const made = document.createElement(kind);
  made.textContent = text;
  parent.append(made);
  return made;
}

const answerText = ({ label, reason }) => (label || "none") + (reason ? `: ${reason}` : "");

function showAnswer({ whole, over }) {
  at("emotion").textContent = whole.label || "no answer";
  at("emotion").classList.toggle("none", !whole.label);
  at("share").textContent = whole.label ? `${Math.round(100 * Math.max(...whole.scores))} %` : "";
  at("reason").textContent = whole.reason || "";
  at("bars").replaceChildren();
  const colours = coloursOf(whole.labels);
  const ranked = whole.labels.map((label, place) => [label, whole.scores[place]]).sort((one, other) => other[1] - one[1]);
  for (const [label, score] of ranked) {
    cell("span", label, at("bars"));
    const bar = cell("meter", "", at("bars"));
    bar.min = 0; bar.max = 1; bar.value = score;
    bar.setAttribute("aria-label", label);
    bar.style.setProperty("--colour", colours[label]);
    cell("span", `${(100 * score).toFixed(1)} %`, at("bars"));
  }
  const [head, body] = [at("over-time").tHead, at("over-time").tBodies[0]];
  head.replaceChildren(); body.replaceChildren();
  const row = cell("tr", "", head);
  for (const name of ["seconds", "answer", ...whole.labels]) cell("th", name, row).scope = "col";
  for (const { startS, endS, answer } of over) {
    const line = cell("tr", "", body);
    cell("th", `${startS.toFixed(1)} to ${endS.toFixed(1)}`, line).scope = "row";
    cell("td", answer ? answerText(answer) : "none: silent", line);
    for (const score of answer ? answer.scores : whole.labels.map(() => 0)) {
      cell("td", `${Math.round(100 * score)} %`, line).style.background = `rgb(99 102 241 / ${0.6 * score})`;
    }
  }
}

function drawAnswer() {
  if (!current || at("answer").hidden) return;
  drawWaveform(at("waveform"), current.samples);
  drawSpectrogram(at("spectrogram"), current.mel, 0, current.samples.length / SAMPLE_RATE_HZ);
}

/** Show the answer for a recording, which a function reads. */
async function take(read, name) {
  live.abandon();
  const mine = ++turn;
  say(`Processing ${name} …`);
  try {
    let bytes;
    try { bytes = await read(); } catch { throw new Error(`${name} cannot be read.`); }
    const blob = new Blob([bytes]), samples = await decoded(bytes);
    if (samples.length < SHORTEST_S * SAMPLE_RATE_HZ) throw new Error("The recording is shorter than 0.1 s. Choose a longer one.");
    if (peakOf(samples) < SILENCE) throw new Error("The recording is silent. Choose another one.");
    const found = await ask(at("model").value, samples);
    if (mine !== turn) return;
    current = { blob, samples, name, mel: melSpectrogram(samples) };
    at("live-view").hidden = true;
    at("answer").hidden = false;
    URL.revokeObjectURL(at("player").src);
    at("player").src = URL.createObjectURL(blob);
    showAnswer(found);
    drawAnswer();
    say(`${name}: ${answerText(found.whole)}, ${(samples.length / SAMPLE_RATE_HZ).toFixed(1)} s.`);
  } catch (error) {
    if (mine === turn) say(error.message, true);
  }
}

function takeFile(file) {
  at("sample").value = "";
  take(() => file.arrayBuffer(), file.name);
}

function press(id, isPressed, name) {
  at(id).setAttribute("aria-pressed", String(isPressed));
  at(id).querySelector(".name").textContent = isPressed ? "Stop" : name;
}

async function record() {
  if (recorder) { recorder.stop(); return; }
  live.abandon();
  let media;
  try {
    media = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    say("The browser does not allow this page to use the microphone.", true);
    return;
  }
  const parts = [];
  recorder = new MediaRecorder(media);
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = async () => {
    media.getTracks().forEach((track) => track.stop());
    recorder = null;
    press("record", false, "Record");
    at("live").disabled = at("play").disabled = false;
    take(() => new Blob(parts).arrayBuffer(), "the recording");
  };
  recorder.start();
  press("record", true, "Record");
  at("live").disabled = at("play").disabled = true;
  say("Recording …");
}

const live = new LiveView(say, () => {
  const hadFocus = [at("stop"), document.body].includes(document.activeElement);
  press("live", false, "Live");
  at("stop").hidden = true;
  at("answer").hidden = !live.isOfFile;
  drawAnswer();
  if (hadFocus) at(live.isOfFile ? "play" : "live").focus({ preventScroll: true });
});

function goLive(source, doing, isOfFile) {
  turn++;
  live.isOfFile = isOfFile;
  at("player").pause();
  at("answer").hidden = true;
  at("live-view").hidden = at("stop").hidden = false;
  press("live", true, "Live");
  live.start(at("model").value, at("pauses").checked ? PAUSE_S : 0, source, doing);
  at("stop").focus({ preventScroll: true });
  at("live-view").scrollIntoView({ block: "nearest" });
}

async function listen() {
  if (live.isRunning) { live.stop(); return; }
  at("live").disabled = true;  // the question for the microphone is open
  try {
    const microphone = await openMicrophone();
    if (live.isRunning || recorder) microphone.stop();  // something else has begun meanwhile
    else goLive(microphone, "Listening", false);
  } catch (error) {
    say(error.message, true);
  } finally {
    at("live").disabled = false;
  }
}

/** Show what the chosen model can do. */
function chooseModel() {
  const canStream = streams.includes(at("model").value);
  for (const id of ["live", "play", "pauses-label"]) at(id).hidden = !canStream;
}

/** Accept files that are dropped anywhere on the page; the browser would open them instead. */
function acceptDrops() {
  let depth = 0;  // entering an element inside the page also leaves another
  const mark = (step) => { depth = Math.max(0, depth + step); at("drop").classList.toggle("over", depth > 0); };
  addEventListener("dragenter", () => mark(1));
  addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    const [file] = event.dataTransfer.files;
    if (file) takeFile(file);
    else say("This is no file. Drop an audio file.", true);
  });
}

async function start() {
  at("file").addEventListener("change", () => {
    const [file] = at("file").files;
    if (file) takeFile(file);
    at("file").value = "";  // so that the same file can be chosen again
  });
  at("record").addEventListener("click", record);
  at("live").addEventListener("click", listen);
  at("stop").addEventListener("click", () => live.stop());
  at("play").addEventListener("click", () => { if (current) goLive(filePlayer(current.blob, current.samples), `Playing ${current.name}`, true); });
  at("sample").addEventListener("change", () => {
    const name = at("sample").value;
    if (name) take(async () => (await fetch(`/page/samples/${name}`)).arrayBuffer(), name);
  });
  at("model").addEventListener("change", () => {
    live.abandon();
    chooseModel();
    if (current) take(() => current.blob.arrayBuffer(), current.name);
  });
  acceptDrops();
  onLook(at("waveform"), drawAnswer);
  try {
    const contents = await json("/page/contents");
    streams = contents.streams;
    for (const model of contents.models) cell("option", model, at("model"));
    at("model-label").hidden = contents.models.length < 2;
    for (const sample of contents.samples) cell("option", sample.replace(/_/g, " ").replace(/\.\w+$/, ""), at("sample")).value = sample;
    chooseModel();
  } catch {
    say("The server does not respond.", true);
  }
}
start();
