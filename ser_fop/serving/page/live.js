// The live view: what a stream sounds like and what the model makes of it, as it is heard.
import { coloursOf, drawProbabilities, drawSpectrogram, onLook } from "./drawing.js";
import { RollingMel } from "./sound.js";
import { Stream } from "./stream.js";

const SHOWN_S = 10, LATE_S = 1.5, QUIET_PEAK = 0;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const at = (id) => document.getElementById(id);
const percent = (share) => `${Math.round(100 * share)} %`;
const made = (kind, text, parent) => { const element = document.createElement(kind); element.textContent = text; parent.append(element); return element; };

export class LiveView {
  /** `say(text, bad)` writes the status line; `onOver()` is called when a stream has ended. */
  constructor(say, onOver) {
    this.say = say;
    this.onOver = onOver;
    this.isRunning = false;
    this.clear();
    const redraw = () => this.draw();
    for (const id of ["live-spectrogram", "live-probabilities"]) onLook(at(id), redraw);
  }

  clear() {
    this.mel = new RollingMel(SHOWN_S);
    this.answers = [];
    this.labels = [];
    this.stretches = 0;
    this.best = null;  // the last finished stretch with an answer
    this.isSlow = false;
    this.isStale = true;
    this.drawnMs = 0;
    for (const id of ["live-bars", "legend", "stretches"]) at(id).replaceChildren();
    at("no-stretches").hidden = false;
    at("live-title").textContent = "Now";
    at("live-emotion").textContent = "…";
    at("live-share").textContent = at("live-reason").textContent = "";
  }

  /** Send a source to a model, and show its answers until `stop`, the end of the source, or an error. */
  async start(model, pauseS, source, doing) {
    this.clear();
    this.source = source;
    this.isRunning = true;
    this.doing = doing;
    this.say("Connecting …");
    const stream = new Stream(model, pauseS, { onAnswer: (answer) => this.show(answer), onEnd: (error) => this.over(error) });
    this.stream = stream;
    if (!(await stream.opened) || this.stream !== stream || !this.isRunning) return;
    this.report();
    source.start((samples) => this.hear(samples), () => this.stop());
    const frame = () => {
      if (this.stream !== stream || !this.isRunning) return;
      if (this.isStale && performance.now() - this.drawnMs >= (CALM.matches ? 1000 : 0)) this.draw();
      requestAnimationFrame(frame);
    };
    frame();
  }

  /** Stop listening, and ask for the final answer. */
  stop() {
    if (!this.isRunning || this.stream.isEnding) return;
    this.source.stop();
    this.say("Waiting for the final answer …");
    this.stream.end();
  }

  /** End at once, without a final answer. */
  abandon() {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.source.stop();
    this.stream.abandon();
    this.onOver();
  }

  hear(samples) {
    this.isSlow = !this.stream.send(samples);
    if (!this.isSlow) this.mel.push(samples);  // pictures show what the server hears
    this.isStale = true;
    this.report();
  }

  /** Say how the stream is going. */
  report() {
    if (!this.isRunning || this.stream.isEnding) return;
    const { sentS, droppedS } = this.stream, left = droppedS ? ` ${droppedS.toFixed(1)} s of sound were left out.` : "";
    const last = this.answers[this.answers.length - 1], lateS = last ? sentS - last.timeS : 0;
    let text = last ? `${this.doing} …${left}` : "Waiting for the first answer …";
    if (this.isSlow) text = `The connection is slow.${left}`;
    else if (lateS > LATE_S) text = `The server is ${lateS.toFixed(1)} s late.${left}`;
    if (text !== at("status").textContent) this.say(text, this.isSlow);
  }

  // What is left of an answer is its label, by the name of the target, such as `emotion`.
  show({ start_s: startS = 0, end_s: endS = 0, probabilities = null, reason = "", is_final: isFinal = false, ...named }) {
    const label = Object.values(named)[0] || "";
    if (probabilities && !this.labels.length) this.name(Object.keys(probabilities));
    this.answers.push({ timeS: endS, probabilities, stretch: this.stretches });
    while (this.answers.length > 1 && this.answers[1].timeS < endS - SHOWN_S - 1) this.answers.shift();
    const answer = { startS, endS, label, probabilities, reason };
    if (isFinal) this.finishStretch(answer);
    if (!this.stream.isEnding || !isFinal || probabilities || !this.best) this.showNow(answer);
    else this.showNow(this.best);  // the stream ended in silence: its last speech counts
    this.isStale = true;
    this.report();
  }

  /** Make the bars and the legend. */
  name(labels) {
    this.labels = labels;
    const colours = coloursOf(labels);
    for (const label of labels) {
      made("span", label, at("live-bars"));
      const bar = made("meter", "", at("live-bars"));
      bar.max = 1;
      bar.setAttribute("aria-label", label);
      made("span", "", at("live-bars"));
      for (const element of [bar, made("li", label, at("legend"))]) element.style.setProperty("--colour", colours[label]);
    }
  }

  showNow({ label, probabilities, reason }) {
    const most = probabilities ? Math.max(...Object.values(probabilities)) : 0;
    at("live-emotion").textContent = label || "no answer";
    at("live-emotion").classList.toggle("none", !label);
    at("live-share").textContent = probabilities ? percent(most) : "";
    at("live-reason").textContent = reason;
    const bars = at("live-bars").children;
    this.labels.forEach((name, place) => {
      const share = probabilities ? probabilities[name] : 0;
      bars[3 * place + 1].value = share;
      bars[3 * place + 2].textContent = percent(share);
    });
  }

  finishStretch(answer) {
    this.stretches += 1;
    if (!answer.probabilities) return;
    this.best = answer;
    const { startS, endS, label, probabilities } = answer, share = percent(Math.max(...Object.values(probabilities)));
    at("no-stretches").hidden = true;
    made("li", `${startS.toFixed(1)} to ${endS.toFixed(1)} s: ${label} ${share}`, at("stretches"));
    at("stretches").scrollTop = at("stretches").scrollHeight;
  }

  over(error) {
    const { droppedS } = this.stream;
    this.isRunning = false;
    this.source.stop();
    this.draw();
    if (!error) at("live-title").textContent = "Final answer";
    const left = droppedS ? ` ${droppedS.toFixed(1)} s of sound were left out.` : "";
    if (error) this.say(error, true);
    else this.say(`Final answer: ${at("live-emotion").textContent}${this.best ? "" : `, ${at("live-reason").textContent}`}.${left}`);
    this.onOver();
  }

  draw() {
    this.isStale = false;
    this.drawnMs = performance.now();
    const heardS = this.stream ? this.stream.sentS : 0, toS = Math.max(SHOWN_S, heardS), fromS = toS - SHOWN_S;
    drawSpectrogram(at("live-spectrogram"), this.mel, fromS, toS, QUIET_PEAK);
    drawProbabilities(at("live-probabilities"), this.answers, this.labels, fromS, toS);
  }
}
