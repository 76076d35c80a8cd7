/**
 * Measures baseline and subject in turn, so that whatever else the machine does meets both. Every second round begins
 * with the other one.
 *
 * @param {object} sides
 * @param {() => number | Promise<number>} sides.subject - Measures once.
 * @param {() => number | Promise<number>} sides.baseline
 * @param {number} rounds
 * @returns {Promise<{ subject: number, baseline: number, ratio: number }>} Medians. The ratio is the median of the
 *   rounds' own ratios, subject over baseline: the two figures of one round saw the same machine.
 */
export async function alternate({ subject, baseline }, rounds) {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const baselineFigure = await baseline();
      measured.push({ baseline: baselineFigure, subject: await subject() });
    } else {
      const subjectFigure = await subject();
      measured.push({ baseline: await baseline(), subject: subjectFigure });
    }
  }
  return {
    subject: median(measured.map((round) => round.subject)),
    baseline: median(measured.map((round) => round.baseline)),
    ratio: median(measured.map((round) => round.subject / round.baseline)),
  };
}

/**
 * @param {number[]} figures - At least one.
 */
export function median(figures) {
  return percentile(figures, 50);
}

/**
 * The nearest-rank percentile: a figure that was really measured.
 *
 * @param {ArrayLike<number>} figures - At least one.
 * @param {number} percent
 */
export function percentile(figures, percent) {
  const sorted = Float64Array.from(figures).sort();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}
