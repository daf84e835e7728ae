/*
 * Parallel coordinates: an axis for each setting that differs, the score last, a line for each run.
 * Dragging along an axis writes a range into the filter, where it can be read, changed and removed;
 * a click on a line chooses its run.
 */
function parallel(section) {
    const MOST_AXES = 10,
        HEIGHT = 320,
        TOP = 34,
        BOTTOM = 26,
        SIDE = 60;
    const host = el("div", { class: "parallel" });
    const canvas = el("canvas", { role: "img" });
    const overlay = el("canvas", { class: "overlay" });
    const text = el("p", { class: "faint" });
    host.append(canvas, overlay);
    host.style.minHeight = `${HEIGHT}px`;
    section.append(text, host);
    const drawing = lazy(host, draw);
    let axes = [],
        lines = [],
        drag = null;

    function findAxes(all) {
        const settings = store.keys.filter(
            key => new Set(all.map(run => JSON.stringify(store.setting(run, key)))).size > 1
        );
        const names = settings.filter(key => !/seed$/.test(key)).slice(0, MOST_AXES);
        const shown = [...names.map(column), measures[0]];
        return shown.map((field, i) => ({
            field,
            at: i / Math.max(1, shown.length - 1),
            scale: settingScale(all.map(field.of)),
        }));
    }

    function draw() {
        const all = [...store.runs.values()],
            width = host.clientWidth;
        axes = findAxes(all);
        text.textContent =
            axes.length < 2
                ? ""
                : "Each line is a run. Drag along an axis to filter (Escape removes the filter); click on a line to choose its run.";
        const context = sizeCanvas(canvas, width, HEIGHT),
            [ink, faint, paper] = ["--ink", "--faint", "--paper"].map(css);
        sizeCanvas(overlay, width, HEIGHT);
        canvas.setAttribute(
            "aria-label",
            `Parallel coordinates of ${format.count(store.visible.length, "run")} over ${axes.map(axis => axis.field.label).join(", ")}`
        );
        /* Readable over lines. */
        const write = (label, x, y) => {
            context.strokeStyle = paper;
            context.lineWidth = 3;
            context.strokeText(label, x, y);
            context.fillText(label, x, y);
        };
        const px = axis => SIDE + axis.at * (width - 2 * SIDE),
            py = at => TOP + (1 - at) * (HEIGHT - TOP - BOTTOM);
        const look = run => (color.scale ? color.line(run) : byScore(run));
        lines = store.visible.map(run => {
            const points = axes.map(axis => ({ axis, at: axis.scale.place(axis.field.of(run)) }));
            return {
                run,
                ...look(run),
                points: points
                    .filter(({ at }) => at != null)
                    .map(({ axis, at }) => [px(axis), py(at)]),
            };
        });
        lines.sort((a, b) => a.front - b.front);
        for (const line of lines) {
            context.globalAlpha = line.alpha;
            context.strokeStyle = line.stroke;
            context.lineWidth = line.width;
            stroke(context, line.points);
        }
        context.globalAlpha = 1;
        context.font = "11px system-ui, sans-serif";
        const room = axes.length > 1 ? (width - 2 * SIDE) / (axes.length - 1) : width;
        axes.forEach((axis, i) => {
            context.strokeStyle = faint;
            context.lineWidth = 1;
            stroke(context, [
                [px(axis), py(0)],
                [px(axis), py(1)],
            ]);
            context.textAlign = i === 0 ? "left" : i === axes.length - 1 ? "right" : "center";
            context.fillStyle = ink;
            const end = i === 0 ? -SIDE + 4 : i === axes.length - 1 ? SIDE - 4 : 0;
            context.fillText(fit(context, axis.field.label, room - 8), px(axis) + end, 14);
            context.fillStyle = faint;
            context.textAlign = "right";
            for (const tick of axis.scale.ticks) {
                const share = axis.field.write === format.share && tick.value != null;
                write(
                    share ? `${format.tick(100 * tick.value)} %` : tick.text,
                    px(axis) - 5,
                    py(tick.at) + 4
                );
            }
        });
    }

    /* Where no color was asked for, the score is: that is what the eye follows here. */
    function byScore(run) {
        const line = color.line(run),
            scores = (draw.scores ||= scoreEnds());
        if (line.front || run.best_top1 == null || !scores)
            return { ...line, width: line.front ? 2.5 : 1 };
        return {
            ...line,
            stroke: color.ramp(
                Math.min(1, Math.max(0, (run.best_top1 - scores[0]) / (scores[1] - scores[0] || 1)))
            ),
            alpha: lines.length > 200 ? 0.4 : 0.7,
        };
    }
    function scoreEnds() {
        const scores = store.visible
            .map(run => run.best_top1)
            .filter(x => x != null)
            .sort((a, b) => a - b);
        return scores.length
            ? [scores[Math.floor(0.1 * (scores.length - 1))], scores[scores.length - 1]]
            : null;
    }

    function at(event) {
        const box = canvas.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
    }
    function axisNear(x) {
        const width = host.clientWidth,
            px = axis => SIDE + axis.at * (width - 2 * SIDE);
        const best = axes.reduce(
            (a, b) => (Math.abs(px(b) - x) < Math.abs(px(a) - x) ? b : a),
            axes[0]
        );
        return best && Math.abs(px(best) - x) < 24 ? best : null;
    }
    function lineNear([x, y]) {
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

    canvas.addEventListener("pointerdown", event => {
        const [x, y] = at(event),
            axis = axisNear(x);
        if (axis) {
            drag = { axis, from: y, to: y };
            canvas.setPointerCapture(event.pointerId);
        }
    });
    canvas.addEventListener("pointermove", event => {
        const [x, y] = at(event),
            context = sizeCanvas(overlay, host.clientWidth, HEIGHT);
        canvas.style.cursor = axisNear(x) ? "ns-resize" : "crosshair";
        if (drag) {
            drag.to = y;
            const px = SIDE + drag.axis.at * (host.clientWidth - 2 * SIDE);
            context.globalAlpha = 0.3;
            context.fillStyle = css("--accent");
            context.fillRect(px - 9, Math.min(drag.from, y), 18, Math.abs(y - drag.from));
            return;
        }
        const line = lineNear([x, y]);
        if (!line) {
            tooltip.hide();
            return;
        }
        context.strokeStyle = css("--ink");
        context.lineWidth = 2;
        stroke(context, line.points);
        tooltip.show(event.clientX, event.clientY, [
            line.run.name,
            ...axes.map(({ field }) => `${field.label}: ${field.write(field.of(line.run))}`),
        ]);
    });
    canvas.addEventListener("pointerleave", () => {
        tooltip.hide();
        sizeCanvas(overlay, host.clientWidth, HEIGHT);
    });
    canvas.addEventListener("pointerup", event => {
        const done = drag;
        drag = null;
        if (done && Math.abs(done.to - done.from) > 5) {
            narrow(done);
            return;
        }
        const line = lineNear(at(event));
        if (line) store.choose(line.run.id);
    });

    function narrow({ axis, from, to }) {
        const share = y => Math.min(1, Math.max(0, 1 - (y - TOP) / (HEIGHT - TOP - BOTTOM)));
        const [low, high] = [share(Math.max(from, to)), share(Math.min(from, to))];
        const { name } = axis.field,
            { scale } = axis;
        let term;
        if (scale.names) {
            const within = scale.names.filter(one => {
                const place = scale.place(one);
                return place >= low - 0.02 && place <= high + 0.02;
            });
            if (within.length !== 1) return;
            term = `${name}=${within[0].replace(/\s.*/, "")}`;
        } else {
            term = `${name}=${[scale.value(low), scale.value(high)].map(x => Number(x.toPrecision(3))).join("..")}`;
        }
        const others = store.filter.text
            .split(/\s+/)
            .filter(one => one && !one.startsWith(`${name}=`));
        store.setFilter([...others, term].join(" "));
    }

    return () => {
        section.hidden = store.keys.length === 0 || store.runs.size < 2;
        draw.scores = null;
        drawing.again();
    };
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
