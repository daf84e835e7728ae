/*
 * Parallel coordinates as a picture: where the axes of settings and score stand, a line for each
 * run, and what lies near the mouse.
 *
 *     const axes = parallelAxes(runs);
 *     const lines = drawParallel(canvas, width, axes);
 */
const parallelBox = { height: 320, top: 34, bottom: 26, side: 60, mostAxes: 10 };
const parallelX = (axis, width) => parallelBox.side + axis.at * (width - 2 * parallelBox.side);
const parallelY = at =>
    parallelBox.top + (1 - at) * (parallelBox.height - parallelBox.top - parallelBox.bottom);

/* An axis for each setting that differs, the score last. */
function parallelAxes(runs) {
    const names = store.keys.filter(key => !/seed$/.test(key) && differs(runs, key));
    const fields = [...names.slice(0, parallelBox.mostAxes).map(column), measures[0]];
    return fields.map((field, i) => ({
        field,
        at: i / Math.max(1, fields.length - 1),
        scale: settingScale(runs.map(field.of)),
    }));
}

function differs(runs, key) {
    return new Set(runs.map(run => JSON.stringify(store.setting(run, key)))).size > 1;
}

/* The lines that were drawn: {run, points: [[x, y], ...], front, ...}. */
function drawParallel(canvas, width, axes) {
    const context = sizeCanvas(canvas, width, parallelBox.height);
    const look = color.scale ? color.line : lookByScore(store.visible);
    const points = run =>
        axes
            .map(axis => [parallelX(axis, width), axis.scale.place(axis.field.of(run))])
            .filter(([, at]) => at != null)
            .map(([x, at]) => [x, parallelY(at)]);
    const lines = store.visible.map(run => ({ run, ...look(run), points: points(run) }));
    lines.sort((a, b) => a.front - b.front);
    for (const line of lines) {
        context.globalAlpha = line.alpha;
        context.strokeStyle = line.stroke;
        context.lineWidth = line.width;
        stroke(context, line.points);
    }
    context.globalAlpha = 1;
    drawParallelAxes(context, width, axes);
    return lines;
}

function drawParallelAxes(context, width, axes) {
    const [ink, faint, paper] = ["--ink", "--faint", "--paper"].map(css);
    const { side } = parallelBox;
    const room = axes.length > 1 ? (width - 2 * side) / (axes.length - 1) : width;
    context.font = "11px system-ui, sans-serif";
    axes.forEach((axis, i) => {
        const x = parallelX(axis, width),
            first = i === 0,
            last = i === axes.length - 1;
        context.strokeStyle = faint;
        context.lineWidth = 1;
        stroke(context, [
            [x, parallelY(0)],
            [x, parallelY(1)],
        ]);
        context.textAlign = first ? "left" : last ? "right" : "center";
        context.fillStyle = ink;
        const shift = first ? 4 - side : last ? side - 4 : 0;
        context.fillText(fit(context, axis.field.label, room - 8), x + shift, 14);
        context.fillStyle = faint;
        context.textAlign = "right";
        for (const tick of axis.scale.ticks) {
            const share = axis.field.write === format.share && tick.value != null;
            const label = share ? `${format.tick(100 * tick.value)} %` : tick.text;
            context.strokeStyle = paper; /* readable over lines */
            context.lineWidth = 3;
            context.strokeText(label, x - 5, parallelY(tick.at) + 4);
            context.fillText(label, x - 5, parallelY(tick.at) + 4);
        }
    });
}

/* Where no color was asked for, the score is: that is what the eye follows here. */
function lookByScore(runs) {
    const scores = runs
        .map(run => run.best_top1)
        .filter(score => score != null)
        .sort((a, b) => a - b);
    const low = scores[Math.floor(0.1 * (scores.length - 1))],
        high = scores[scores.length - 1];
    return run => {
        const line = color.line(run);
        if (line.front || run.best_top1 == null) return { ...line, width: line.front ? 2.5 : 1 };
        const share = Math.max(0, (run.best_top1 - low) / (high - low || 1));
        return { ...line, stroke: color.ramp(share), alpha: runs.length > 200 ? 0.4 : 0.7 };
    };
}

/* At most 24 pixels beside it. */
function parallelAxisNear(axes, width, x) {
    const away = axis => Math.abs(parallelX(axis, width) - x);
    const best = axes.reduce((a, b) => (away(b) < away(a) ? b : a), axes[0]);
    return best && away(best) < 24 ? best : null;
}

/* At most 8 pixels above or below. */
function parallelLineNear(lines, [x, y]) {
    let best = null,
        least = 8;
    for (const line of lines) {
        const i = line.points.findIndex(([px]) => px >= x);
        if (i < 1) continue;
        const [[ax, ay], [bx, by]] = [line.points[i - 1], line.points[i]];
        const distance = Math.abs(ay + ((by - ay) * (x - ax)) / (bx - ax) - y);
        if (distance < least || (distance === least && line.front)) {
            least = distance;
            best = line;
        }
    }
    return best;
}

function stroke(context, points) {
    context.beginPath();
    points.forEach(([x, y]) => context.lineTo(x, y));
    context.stroke();
}

/* The end of a text that has not room enough: of dotted keys the end tells more. */
function fit(context, text, width) {
    if (context.measureText(text).width <= width) return text;
    let rest = text;
    while (rest.length > 3 && context.measureText(`…${rest}`).width > width) rest = rest.slice(1);
    return `…${rest}`;
}
