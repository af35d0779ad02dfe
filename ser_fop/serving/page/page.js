"use strict";
const RATE_HZ = 16000, WINDOW_S = 3, HOP_S = 1, TOGETHER = 8, LONGEST_S = 60, SHORTEST_S = 0.1, SILENCE = 0.5 / 32768;
const at = (id) => document.getElementById(id);
let turn = 0;  // a response that arrives after another recording was chosen is dropped

function say(text, bad = false) {
  at("status").textContent = text;
  at("status").classList.toggle("bad", bad);
}

async function json(path, body) {
  const answer = await fetch(path, body && { method: "POST", body: JSON.stringify(body) });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error || answer.statusText);
  return content;
}

async function decoded(bytes) {
  const context = new OfflineAudioContext(1, 1, RATE_HZ);  // decodes to the sample rate of the context
  let sound;
  try { sound = await context.decodeAudioData(bytes); } catch { throw new Error("The browser cannot decode this file. Choose an audio file."); }
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let place = 0; place < mono.length; place++) mono[place] += samples[place] / sound.numberOfChannels;
  }
  return mono;
}

const peakOf = (samples) => samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
const rounded = (samples) => Array.from(samples, (value) => Math.round(value * 1e6) / 1e6);
// All rows of a request have the same shape: shorter rows are padded with zeros, and `length` marks the padding.
const instance = (samples, size = samples.length) => {
  const waveform = rounded(samples);
  while (waveform.length < size) waveform.push(0);
  return { waveform, length: samples.length };
};

function windowsOf(samples) {
  const size = WINDOW_S * RATE_HZ, hop = HOP_S * RATE_HZ, found = [];
  for (let first = 0; first === 0 || first < samples.length - size + hop; first += hop) found.push([first, samples.subarray(first, first + size)]);
  return found;
}

async function ask(samples) {
  const path = `/v1/models/${encodeURIComponent(at("model").value)}:predict`;
  const parts = windowsOf(samples), over = [];
  const whole = samples.length <= LONGEST_S * RATE_HZ ? (await json(path, { instances: [instance(samples)] })).predictions[0] : null;
  for (let first = 0; first < parts.length; first += TOGETHER) {
    const some = parts.slice(first, first + TOGETHER), loud = some.filter(([, part]) => peakOf(part) >= SILENCE);
    const size = Math.max(...loud.map(([, part]) => part.length));
    const answers = loud.length ? (await json(path, { instances: loud.map(([, part]) => instance(part, size)) })).predictions : [];
    for (const [start, part] of some) over.push({ start, end: start + part.length, answer: peakOf(part) >= SILENCE ? answers.shift() : null });
  }
  return { whole: whole || mean(over), over };
}

function mean(over) {
  const all = over.filter((one) => one.answer).map((one) => one.answer), labels = all[0].labels, answers = all.filter((one) => one.emotion);
  if (!answers.length) return all[0];
  const scores = labels.map((_, place) => answers.reduce((sum, one) => sum + one.scores[place], 0) / answers.length);
  const unsure = answers.every((one) => one.emotion === "unsure");
  return { labels, scores, emotion: unsure ? "unsure" : labels[scores.indexOf(Math.max(...scores))], reason: unsure ? "low confidence" : "" };
}

function cell(kind, text, parent) {
  const made = document.createElement(kind);
  made.textContent = text;
  parent.append(made);
  return made;
}

const answerText = ({ emotion, reason }) => (emotion || "none") + (reason ? `: ${reason}` : "");

function showAnswer({ whole, over }) {
  at("emotion").textContent = answerText(whole);
  at("bars").replaceChildren();
  const ranked = whole.labels.map((label, place) => [label, whole.scores[place]]).sort((one, other) => other[1] - one[1]);
  for (const [label, score] of ranked) {
    cell("span", label, at("bars"));
    const bar = cell("meter", "", at("bars"));
    bar.min = 0; bar.max = 1; bar.value = score;
    bar.setAttribute("aria-label", label);
    cell("span", `${(100 * score).toFixed(1)} %`, at("bars"));
  }
  const [head, body] = [at("over-time").tHead, at("over-time").tBodies[0]];
  head.replaceChildren(); body.replaceChildren();
  const row = cell("tr", "", head);
  for (const name of ["seconds", "emotion", ...whole.labels]) cell("th", name, row).scope = "col";
  for (const { start, end, answer } of over) {
    const line = cell("tr", "", body);
    cell("th", `${(start / RATE_HZ).toFixed(1)} to ${(end / RATE_HZ).toFixed(1)}`, line).scope = "row";
    cell("td", answer ? answerText(answer) : "none: silent", line);
    for (const score of answer ? answer.scores : whole.labels.map(() => 0)) {
      cell("td", `${Math.round(100 * score)} %`, line).style.background = `rgb(37 99 235 / ${0.7 * score})`;
    }
  }
}

function drawWaveform(samples) {
  const canvas = at("waveform"), pen = canvas.getContext("2d"), { width, height } = canvas, most = peakOf(samples);
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = "#2563eb";
  for (let x = 0; x < width; x++) {
    const part = samples.subarray(Math.floor(x * samples.length / width), Math.max(1, Math.floor((x + 1) * samples.length / width)));
    const high = Math.max(...part, 0) / most, low = Math.min(...part, 0) / most;
    pen.fillRect(x, height / 2 * (1 - high), 1, Math.max(1, height / 2 * (high - low)));
  }
}

function melFilters(bands, bins) {
  const mel = (hz) => 1127 * Math.log(1 + hz / 700), low = mel(20), step = (mel(7600) - low) / (bands + 1);
  return Array.from({ length: bands }, (_, band) => Float32Array.from({ length: bins }, (_, bin) => {
    const place = (mel(bin * RATE_HZ / (2 * (bins - 1))) - low) / step - band;
    return Math.max(0, Math.min(place, 2 - place));
  }));
}

function power(frame) {  // radix-2 Fourier transform of a real frame, in place
  const size = frame.length, real = Float32Array.from(frame), imaginary = new Float32Array(size);
  for (let place = 1, other = 0; place < size; place++) {
    let bit = size >> 1;
    for (; other & bit; bit >>= 1) other ^= bit;
    other ^= bit;
    if (place < other) [real[place], real[other]] = [real[other], real[place]];
  }
  for (let length = 2; length <= size; length <<= 1) {
    for (let first = 0; first < size; first += length) {
      for (let k = 0; k < length / 2; k++) {
        const angle = -2 * Math.PI * k / length, c = Math.cos(angle), s = Math.sin(angle), one = first + k, two = one + length / 2;
        const x = real[two] * c - imaginary[two] * s, y = real[two] * s + imaginary[two] * c;
        real[two] = real[one] - x; imaginary[two] = imaginary[one] - y;
        real[one] += x; imaginary[one] += y;
      }
    }
  }
  return Float32Array.from({ length: size / 2 + 1 }, (_, bin) => real[bin] ** 2 + imaginary[bin] ** 2);
}

function drawSpectrogram(samples) {
  const canvas = at("spectrogram"), pen = canvas.getContext("2d"), bands = 80, size = 512, windowed = 400;
  const frames = Math.min(600, Math.max(1, 1 + Math.floor((samples.length - windowed) / 160)));
  const hop = Math.max(160, Math.floor((samples.length - windowed) / Math.max(1, frames - 1)));
  const filters = melFilters(bands, size / 2 + 1), image = new ImageData(frames, bands), columns = [];
  for (let frame = 0; frame < frames; frame++) {
    const part = new Float32Array(size);
    for (let place = 0; place < windowed; place++) part[place] = (samples[frame * hop + place] || 0) * (0.5 - 0.5 * Math.cos(2 * Math.PI * place / windowed));
    const spectrum = power(part);
    columns.push(filters.map((filter) => Math.log(Math.max(1e-8, filter.reduce((sum, weight, bin) => sum + weight * spectrum[bin], 0)))));
  }
  const values = columns.flat().sort((one, other) => one - other), low = values[Math.floor(values.length / 20)], high = values[values.length - 1];
  columns.forEach((column, x) => column.forEach((value, band) => {
    const share = Math.max(0, Math.min(1, (value - low) / (high - low || 1))), place = 4 * ((bands - 1 - band) * frames + x);
    image.data.set([255 * Math.min(1, 1.8 * share), 255 * share ** 2, 255 * (0.3 + 0.5 * share - 0.6 * share ** 3), 255], place);
  }));
  const small = new OffscreenCanvas(frames, bands);
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, canvas.width, canvas.height);
}

async function take(bytes, name) {
  const mine = ++turn;
  say(`Processing ${name} …`);
  try {
    const kept = new Blob([bytes]), samples = await decoded(bytes);
    if (samples.length < SHORTEST_S * RATE_HZ) throw new Error("The recording is shorter than 0.1 s. Choose a longer one.");
    if (peakOf(samples) < SILENCE) throw new Error("The recording is silent. Choose another one.");
    const found = await ask(samples);
    if (mine !== turn) return;
    at("answer").hidden = false;
    URL.revokeObjectURL(at("player").src);
    at("player").src = URL.createObjectURL(kept);
    showAnswer(found);
    drawWaveform(samples);
    drawSpectrogram(samples);
    say(`${name}: ${answerText(found.whole)}, ${(samples.length / RATE_HZ).toFixed(1)} s.`);
  } catch (error) {
    if (mine === turn) say(error.message, true);
  }
}

let recorder = null;
async function record() {
  if (recorder) { recorder.stop(); return; }
  let stream;
  try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { say("The browser does not allow this page to use the microphone.", true); return; }
  const parts = [];
  recorder = new MediaRecorder(stream);
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = async () => {
    stream.getTracks().forEach((track) => track.stop());
    recorder = null;
    at("record").textContent = "Record";
    at("record").setAttribute("aria-pressed", "false");
    take(await new Blob(parts).arrayBuffer(), "the recording");
  };
  recorder.start();
  at("record").textContent = "Stop";
  at("record").setAttribute("aria-pressed", "true");
  say("Recording …");
}

async function start() {
  at("file").addEventListener("change", async () => { const [file] = at("file").files; if (file) take(await file.arrayBuffer(), file.name); });
  at("record").addEventListener("click", record);
  at("sample").addEventListener("change", async () => {
    const name = at("sample").value;
    if (name) take(await (await fetch(`/page/samples/${name}`)).arrayBuffer(), name);
  });
  try {
    const { models, samples } = await json("/page/contents");
    for (const model of models) cell("option", model, at("model"));
    at("model-label").hidden = models.length < 2;
    for (const sample of samples) cell("option", sample, at("sample"));
  } catch { say("The server does not respond.", true); }
}
start();
