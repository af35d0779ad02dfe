// Requests to the server, and answers for whole recordings.
import { SAMPLE_RATE_HZ, peakOf } from "./sound.js";

export const SILENCE = 0.5 / 32768;
const WINDOW_S = 3, HOP_S = 1, TOGETHER = 8, LONGEST_S = 60;

export async function json(path, body) {
  const answer = await fetch(path, body && { method: "POST", body: JSON.stringify(body) });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error || answer.statusText);
  return content;
}

const rounded = (samples) => Array.from(samples, (value) => Math.round(value * 1e6) / 1e6);
// All rows of a request have the same shape: shorter rows are padded with zeros, and `length` marks the padding.
const instance = (samples, size = samples.length) => {
  const waveform = rounded(samples);
  while (waveform.length < size) waveform.push(0);
  return { waveform, length: samples.length };
};

// The answer has the name of the target, such as `emotion`: the page calls it `label`.
const OTHER_OUTPUTS = ["scores", "labels", "reason"];
const named = (row) => ({ ...row, label: row[Object.keys(row).find((name) => !OTHER_OUTPUTS.includes(name))] });
const predicted = async (path, rows) => (await json(path, { instances: rows })).predictions.map(named);

function windowsOf(samples) {
  const size = WINDOW_S * SAMPLE_RATE_HZ, hop = HOP_S * SAMPLE_RATE_HZ, found = [];
  for (let first = 0; first === 0 || first < samples.length - size + hop; first += hop) {
    found.push([first, samples.subarray(first, first + size)]);
  }
  return found;
}

/** Return the answer for a recording, and the answers for its windows. */
export async function ask(model, samples) {
  const path = `/v1/models/${encodeURIComponent(model)}:predict`, parts = windowsOf(samples), over = [];
  const isShort = samples.length <= LONGEST_S * SAMPLE_RATE_HZ;
  const whole = isShort ? (await predicted(path, [instance(samples)]))[0] : null;
  for (let first = 0; first < parts.length; first += TOGETHER) {
    const some = parts.slice(first, first + TOGETHER), loud = some.filter(([, part]) => peakOf(part) >= SILENCE);
    const size = Math.max(...loud.map(([, part]) => part.length));
    const rows = loud.map(([, part]) => instance(part, size));
    const answers = loud.length ? await predicted(path, rows) : [];
    for (const [start, part] of some) {
      const answer = peakOf(part) >= SILENCE ? answers.shift() : null;
      over.push({ startS: start / SAMPLE_RATE_HZ, endS: (start + part.length) / SAMPLE_RATE_HZ, answer });
    }
  }
  return { whole: whole || mean(over), over };
}

/** Return the mean of the answers of windows, for a recording that is too long for one request. */
function mean(over) {
  const all = over.filter((one) => one.answer).map((one) => one.answer), labels = all[0].labels;
  const answers = all.filter((one) => one.label);
  if (!answers.length) return all[0];
  const scores = labels.map((_, place) => answers.reduce((sum, one) => sum + one.scores[place], 0) / answers.length);
  const unsure = answers.every((one) => one.label === "unsure");
  const label = unsure ? "unsure" : labels[scores.indexOf(Math.max(...scores))];
  return { labels, scores, label, reason: unsure ? "low confidence" : "" };
}
