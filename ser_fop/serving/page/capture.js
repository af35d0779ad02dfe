// Runs on the audio thread: joins the blocks of the microphone to chunks of a tenth of a second.
class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunk = new Float32Array(Math.round(sampleRate / 10));
    this.filled = 0;
  }

  process([[samples]]) {
    if (!samples) return true;  // the microphone has not started
    for (const sample of samples) {
      this.chunk[this.filled++] = sample;
      if (this.filled < this.chunk.length) continue;
      this.port.postMessage(this.chunk);  // copies it
      this.filled = 0;
    }
    return true;
  }
}
registerProcessor("capture", Capture);
