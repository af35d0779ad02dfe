// Drawing on canvases: waveform, mel spectrogram, and probabilities over time. All share one time axis.
import { HIGHEST_HZ, LOWEST_HZ, MEL_BANDS, SAMPLE_RATE_HZ, melOf, peakOf } from "./sound.js";

const LEFT = 52, BOTTOM = 22, TOP = 6;  // margins for the axes, in CSS pixels
const RANGE = 12;  // from the darkest to the brightest colour, in natural logarithms of power: 52 dB
const DARK = matchMedia("(prefers-color-scheme: dark)");
const MAPS = {
  light: [[241, 243, 250], [176, 196, 245], [86, 126, 230], [52, 44, 150], [20, 10, 60]],
  dark: [[18, 20, 29], [58, 28, 112], [158, 44, 118], [240, 110, 74], [254, 236, 172]],
};
const KNOWN = {
  angry: "#e0483e", anger: "#e0483e", happy: "#eeb021", happiness: "#eeb021", joy: "#eeb021", sad: "#3f7fe0",
  sadness: "#3f7fe0", calm: "#27a08f", neutral: "#8c96aa", fearful: "#9560dc", fear: "#9560dc", disgust: "#6f9f2c",
  surprised: "#ec77b3", surprise: "#ec77b3", bored: "#b0835c", boredom: "#b0835c", excited: "#f58231",
  frustrated: "#9a4a3a",
};
const OTHERS = ["#e0483e", "#3f7fe0", "#eeb021", "#27a08f", "#9560dc", "#6f9f2c", "#ec77b3", "#8c96aa", "#b0835c", "#f58231"];

/** Return a colour for each label. */
export function coloursOf(labels) {
  const known = labels.map((label) => KNOWN[label.toLowerCase()]), free = OTHERS.filter((colour) => !known.includes(colour));
  return Object.fromEntries(labels.map((label, place) => [label, known[place] || free.shift() || "#777"]));
}

/** Call a function when the colour scheme or the size of a canvas changes. */
export function onLook(canvas, redraw) {
  DARK.addEventListener("change", redraw);
  new ResizeObserver(redraw).observe(canvas);
}

/** Clear a canvas, fit it to the pixels of the screen, and return its pen and the place of its picture. */
function begin(canvas) {
  const scale = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return null;  // hidden
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
  pen.scale(scale, scale);
  pen.font = `12px ${style.fontFamily}`;
  pen.fillStyle = pen.strokeStyle = style.color;
  return { pen, ink: style.color, left: LEFT, top: TOP, width: width - LEFT - 1, height: height - TOP - BOTTOM };
}

function timeAxis({ pen, ink, left, top, width, height }, fromS, toS) {
  const least = (toS - fromS) * 60 / width;  // labels are at least 60 pixels apart
  const stepS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((step) => step >= least) || 1800;
  pen.fillStyle = ink;
  pen.textBaseline = "top";
  for (let tick = Math.ceil(fromS / stepS - 1e-6); tick * stepS <= toS + 1e-6; tick++) {
    const x = left + (tick * stepS - fromS) / (toS - fromS) * width, text = `${+(tick * stepS).toFixed(1)} s`;
    pen.fillRect(Math.min(x, left + width - 1), top + height, 1, 4);
    const half = pen.measureText(text).width / 2;
    pen.textAlign = "left";
    pen.fillText(text, Math.min(Math.max(x - half, left - half), left + width - 2 * half), top + height + 7);
  }
}

function sideLabel({ pen, ink, left }, text, y) {
  pen.fillStyle = ink;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillText(text, left - 6, y);
}

export function drawWaveform(canvas, samples) {
  const place = begin(canvas);
  if (!place) return;
  const { pen, left, top, width, height } = place, most = peakOf(samples) || 1;
  pen.fillStyle = getComputedStyle(canvas).getPropertyValue("--accent");
  for (let x = 0; x < width; x++) {
    const first = Math.floor(x * samples.length / width), last = Math.max(first + 1, Math.floor((x + 1) * samples.length / width));
    let high = 0, low = 0;
    for (const value of samples.subarray(first, last)) { high = Math.max(high, value); low = Math.min(low, value); }
    pen.fillRect(left + x, top + height / 2 * (1 - high / most), 1, Math.max(1, height / 2 * (high - low) / most));
  }
  timeAxis(place, 0, samples.length / SAMPLE_RATE_HZ);
}

/** Draw mel spectra. `leastPeak` keeps the noise of a silent stream dark. */
export function drawSpectrogram(canvas, { columns, startS, hopS }, fromS, toS, leastPeak = -Infinity) {
  const place = begin(canvas);
  if (!place) return;
  const { pen, left, top, width, height } = place, stops = MAPS[DARK.matches ? "dark" : "light"];
  pen.fillStyle = `rgb(${stops[0]})`;
  pen.fillRect(left, top, width, height);
  if (columns.length) {
    let peak = leastPeak;
    for (const column of columns) for (const value of column) if (value > peak) peak = value;
    const image = new ImageData(columns.length, MEL_BANDS), colours = tableOf(stops);
    for (let x = 0; x < columns.length; x++) {
      for (let band = 0; band < MEL_BANDS; band++) {
        const share = Math.max(0, Math.min(1, 1 - (peak - columns[x][band]) / RANGE));
        image.data.set(colours[Math.round(255 * share)], 4 * ((MEL_BANDS - 1 - band) * columns.length + x));
      }
    }
    const small = new OffscreenCanvas(columns.length, MEL_BANDS);
    small.getContext("2d").putImageData(image, 0, 0);
    const perS = width / (toS - fromS);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width, height);
    pen.clip();
    pen.drawImage(small, left + (startS - fromS) * perS, top, columns.length * hopS * perS, height);
    pen.restore();
  }
  const low = melOf(LOWEST_HZ), span = melOf(HIGHEST_HZ) - low;
  for (const hz of [200, 1000, 2000, 4000, 7000]) {
    sideLabel(place, hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`, top + height * (1 - (melOf(hz) - low) / span));
  }
  timeAxis(place, fromS, toS);
}

function tableOf(stops) {
  return Array.from({ length: 256 }, (_, value) => {
    const place = value / 255 * (stops.length - 1), first = Math.min(stops.length - 2, Math.floor(place)), share = place - first;
    return [...stops[first].map((one, part) => one + share * (stops[first + 1][part] - one)), 255];
  });
}

/** Draw the probabilities of all labels as stacked areas. An answer without probabilities leaves a gap. */
export function drawProbabilities(canvas, answers, labels, fromS, toS) {
  const place = begin(canvas);
  if (!place) return;
  const { pen, left, top, width, height } = place, colours = coloursOf(labels);
  const ground = getComputedStyle(canvas).getPropertyValue("--card"), empty = getComputedStyle(canvas).getPropertyValue("--track");
  const xOf = (timeS) => left + (timeS - fromS) / (toS - fromS) * width, yOf = (share) => top + height * (1 - share);
  pen.fillStyle = empty;
  pen.fillRect(left, top, width, height);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  for (const run of runsOf(answers)) {
    const below = run.map(() => 0), last = run[run.length - 1];
    for (const label of labels) {
      const above = run.map((answer, one) => below[one] + (answer.probabilities[label] || 0));
      pen.beginPath();
      run.forEach(({ timeS }, one) => pen.lineTo(xOf(timeS), yOf(above[one])));
      for (let one = run.length - 1; one >= 0; one--) pen.lineTo(xOf(run[one].timeS), yOf(below[one]));
      pen.fillStyle = colours[label];
      pen.fill();
      pen.strokeStyle = ground;
      pen.stroke();
      const middle = (above[run.length - 1] + below[run.length - 1]) / 2, thick = height * (above[run.length - 1] - below[run.length - 1]);
      const room = xOf(last.timeS) - Math.max(left, xOf(run[0].timeS)), text = pen.measureText(label).width;
      if (thick > 18 && room > text + 12) {
        pen.fillStyle = "#11131c";
        pen.textAlign = "right";
        pen.textBaseline = "middle";
        pen.fillText(label, xOf(last.timeS) - 6, yOf(middle));
      }
      above.forEach((share, one) => { below[one] = share; });
    }
  }
  pen.restore();
  for (const share of [0, 0.5, 1]) sideLabel(place, `${100 * share} %`, Math.min(Math.max(yOf(share), top + 6), top + height - 6));
  timeAxis(place, fromS, toS);
}

/** Return the successive answers that have probabilities and belong to the same stretch of speech. */
function runsOf(answers) {
  const runs = [];
  let before = null;
  for (const answer of answers) {
    if (answer.probabilities) {
      if (before?.probabilities && before.stretch === answer.stretch) runs[runs.length - 1].push(answer);
      else runs.push([answer]);
    }
    before = answer;
  }
  return runs;
}
