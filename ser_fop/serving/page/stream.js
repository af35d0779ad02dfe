// A stream to the server, and what feeds it: the microphone, or a file in real time.
import { SAMPLE_RATE_HZ } from "./sound.js";

const CHUNK = SAMPLE_RATE_HZ / 10, MOST_WAITING_BYTES = 2 * SAMPLE_RATE_HZ;  // a tenth of a second; one second
const PATIENCE_MS = 30000;
export const LOST = "The connection to the server was lost. Try again.";

/**
 * A WebSocket that takes sound and gives answers.
 *
 * `onAnswer(answer)` gets each answer. `onEnd(error)` is called once; `error` is empty if the server closed the stream
 * after its final answer.
 */
export class Stream {
  constructor(model, pauseS, { onAnswer, onEnd }) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}/v1/models/${encodeURIComponent(model)}:stream?pause_s=${pauseS}`);
    this.sentS = this.droppedS = 0;
    this.isEnding = this.isOver = false;
    this.error = "";
    this.opened = new Promise((resolve) => { this.socket.onopen = () => resolve(true); this.onFailed = () => resolve(false); });
    this.socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data);
      if (answer.error) this.error = `The server ended the stream: ${answer.error.replace(/\.$/, "")}.`;
      else if (!this.isOver) onAnswer(answer);
    };
    this.socket.onclose = ({ code }) => this.finish(this.error || (this.isEnding && code === 1000 ? "" : LOST));
    this.onEnd = onEnd;
  }

  /** Send samples, and return whether they were sent: while the connection is too slow, they are left out. */
  send(samples) {
    if (this.isEnding || this.isOver || this.socket.readyState !== WebSocket.OPEN) return false;
    const durationS = samples.length / SAMPLE_RATE_HZ;
    if (this.socket.bufferedAmount > MOST_WAITING_BYTES) { this.droppedS += durationS; return false; }
    const pcm = new DataView(new ArrayBuffer(2 * samples.length));
    samples.forEach((value, place) => pcm.setInt16(2 * place, Math.max(-32768, Math.min(32767, value * 32768)), true));
    this.socket.send(pcm.buffer);
    this.sentS += durationS;
    return true;
  }

  /** Ask for the final answer. */
  end() {
    if (this.isEnding || this.isOver) return;
    this.isEnding = true;
    if (this.socket.readyState !== WebSocket.OPEN) { this.finish(LOST); return; }
    this.socket.send("end");
    this.timer = setTimeout(() => this.finish(LOST), PATIENCE_MS);
  }

  /** Close the stream without a final answer. */
  abandon() {
    this.onEnd = () => {};
    this.finish("");
  }

  finish(error) {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.onFailed();
    this.socket.close();
    this.onEnd(error);
  }
}

/** Open the microphone. `start(onChunk, onLost)` begins to give chunks of a tenth of a second; `stop()` releases it. */
export async function openMicrophone() {
  if (!navigator.mediaDevices) throw new Error("The browser allows the microphone only on the same machine or over HTTPS.");
  let media;
  try {
    // The models know recordings as they are. What telephony does to sound would mislead them.
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    media = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, ...raw } });
  } catch {
    throw new Error("The browser does not allow this page to use the microphone.");
  }
  const context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ });
  const stop = () => { media.getTracks().forEach((track) => track.stop()); if (context.state !== "closed") context.close(); };
  let source, capture;
  try {
    await context.audioWorklet.addModule("/page/capture.js");
    source = context.createMediaStreamSource(media);
    capture = new AudioWorkletNode(context, "capture", { channelCount: 1, channelCountMode: "explicit" });
  } catch {
    stop();
    throw new Error("This browser cannot read the microphone at 16 kHz. Record instead, or use another browser.");
  }
  const start = (onChunk, onLost) => {
    capture.port.onmessage = ({ data }) => onChunk(data);
    media.getAudioTracks()[0].onended = onLost;
    source.connect(capture).connect(context.destination);  // only a connected node runs; its output is silent
    context.resume();
  };
  return { start, stop };
}

/** Return a source like the microphone that plays a recording aloud and gives its samples as they are heard. */
export function filePlayer(blob, samples) {
  const audio = new Audio(URL.createObjectURL(blob));
  let timer;
  const stop = () => { clearInterval(timer); audio.pause(); URL.revokeObjectURL(audio.src); };
  const start = async (onChunk, onOver) => {
    let clockS = () => (audio.ended ? Infinity : audio.currentTime);
    const begun = performance.now(), wall = () => (performance.now() - begun) / 1000;
    audio.play().catch(() => { clockS = wall; });  // without a loudspeaker, time still passes
    let sent = 0;
    timer = setInterval(() => {
      // Some formats last a little less in the player than decoded.
      const heard = clockS() * SAMPLE_RATE_HZ;
      while (sent < samples.length && Math.min(sent + CHUNK, samples.length) <= heard) {
        onChunk(samples.subarray(sent, sent + CHUNK));
        sent += CHUNK;
      }
      if (sent >= samples.length) { clearInterval(timer); onOver(); }
    }, 40);
  };
  return { start, stop };
}
