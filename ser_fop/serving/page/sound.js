// Decoding of audio files, and mel spectra.
export const SAMPLE_RATE_HZ = 16000;
export const MEL_BANDS = 80, MEL_HOP = 160, LOWEST_HZ = 20, HIGHEST_HZ = 7600;
const WINDOW = 400, SIZE = 512;

/** Return the samples of an audio file, mono at 16 kHz. */
export async function decoded(bytes) {
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);  // decodes to the sample rate of the context
  let sound;
  try {
    sound = await context.decodeAudioData(bytes);
  } catch {
    throw new Error("The browser cannot decode this file. Choose an audio file.");
  }
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let place = 0; place < mono.length; place++) mono[place] += samples[place] / sound.numberOfChannels;
  }
  return mono;
}

export const peakOf = (samples) => samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);

export const melOf = (hz) => 1127 * Math.log(1 + hz / 700);

// Each filter is its first bin and its weights.
const FILTERS = (() => {
  const low = melOf(LOWEST_HZ), step = (melOf(HIGHEST_HZ) - low) / (MEL_BANDS + 1);
  return Array.from({ length: MEL_BANDS }, (_, band) => {
    const weights = Array.from({ length: SIZE / 2 + 1 }, (_, bin) => {
      const place = (melOf(bin * SAMPLE_RATE_HZ / SIZE) - low) / step - band;
      return Math.max(0, Math.min(place, 2 - place));
    });
    const first = Math.max(0, weights.findIndex((weight) => weight > 0));
    return { first, weights: weights.slice(first, weights.findLastIndex((weight) => weight > 0) + 1) };
  });
})();
const HANN = Float32Array.from({ length: WINDOW }, (_, place) => 0.5 - 0.5 * Math.cos(2 * Math.PI * place / WINDOW));
const COSINES = Float32Array.from({ length: SIZE / 2 }, (_, k) => Math.cos(2 * Math.PI * k / SIZE));
const SINES = Float32Array.from({ length: SIZE / 2 }, (_, k) => -Math.sin(2 * Math.PI * k / SIZE));

/** Return the power spectrum of a real frame by a radix-2 Fourier transform. */
function power(frame) {
  const real = Float32Array.from(frame), imaginary = new Float32Array(SIZE);
  for (let place = 1, other = 0; place < SIZE; place++) {
    let bit = SIZE >> 1;
    for (; other & bit; bit >>= 1) other ^= bit;
    other ^= bit;
    if (place < other) [real[place], real[other]] = [real[other], real[place]];
  }
  for (let length = 2; length <= SIZE; length <<= 1) {
    for (let first = 0; first < SIZE; first += length) {
      for (let k = 0; k < length / 2; k++) {
        const c = COSINES[k * SIZE / length], s = SINES[k * SIZE / length], one = first + k, two = one + length / 2;
        const x = real[two] * c - imaginary[two] * s, y = real[two] * s + imaginary[two] * c;
        real[two] = real[one] - x; imaginary[two] = imaginary[one] - y;
        real[one] += x; imaginary[one] += y;
      }
    }
  }
  return Float32Array.from({ length: SIZE / 2 + 1 }, (_, bin) => real[bin] ** 2 + imaginary[bin] ** 2);
}

/** Return the logarithmic mel spectrum of the window that starts at a sample, lowest band first. */
function melSpectrum(samples, start) {
  const frame = new Float32Array(SIZE);
  for (let place = 0; place < WINDOW; place++) frame[place] = (samples[start + place] || 0) * HANN[place];
  const spectrum = power(frame);
  return Float32Array.from(FILTERS, ({ first, weights }) => {
    let sum = 0;
    for (let place = 0; place < weights.length; place++) sum += weights[place] * spectrum[first + place];
    return Math.log(Math.max(1e-8, sum));
  });
}

/** Return the mel spectra of a recording, at most 600 of them, and the time between them. */
export function melSpectrogram(samples) {
  const possible = Math.max(1, 1 + Math.floor((samples.length - WINDOW) / MEL_HOP)), frames = Math.min(600, possible);
  const hop = Math.max(MEL_HOP, (samples.length - WINDOW) / Math.max(1, frames - 1));
  const columns = Array.from({ length: frames }, (_, frame) => melSpectrum(samples, Math.floor(frame * hop)));
  return { columns, startS: 0, hopS: hop / SAMPLE_RATE_HZ };
}

/** The mel spectra of the last seconds of a stream. */
export class RollingMel {
  constructor(keptS) {
    this.most = Math.ceil(keptS * SAMPLE_RATE_HZ / MEL_HOP);
    this.hopS = MEL_HOP / SAMPLE_RATE_HZ;
    this.columns = [];
    this.dropped = 0;
    this.rest = new Float32Array(0);
  }

  get startS() { return this.dropped * this.hopS; }

  push(samples) {
    const all = new Float32Array(this.rest.length + samples.length);
    all.set(this.rest); all.set(samples, this.rest.length);
    let first = 0;
    for (; first + WINDOW <= all.length; first += MEL_HOP) this.columns.push(melSpectrum(all, first));
    this.rest = all.subarray(first);
    const surplus = Math.max(0, this.columns.length - this.most);
    this.columns.splice(0, surplus);
    this.dropped += surplus;
  }
}
