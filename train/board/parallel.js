/*
 * Parallel coordinates to work with: dragging along an axis writes a range into the filter, where
 * it can be read, changed and removed; a click on a line chooses its run.
 */
function parallel(section) {
    const canvas = el("canvas", { role: "img" });
    const overlay = el("canvas", { class: "overlay" });
    const host = el("div", { class: "parallel" }, canvas, overlay);
    host.style.minHeight = `${parallelBox.height}px`;
    section.append(
        el(
            "p",
            { class: "faint" },
            "Each line is a run. Drag along an axis to filter (Escape removes the filter); ",
            "click on a line to choose its run."
        ),
        host
    );
    let axes = [],
        lines = [],
        width = 0,
        drag = null; /* {axis, from, to}: pixels from the top */

    const clear = () => sizeCanvas(overlay, width, parallelBox.height);
    const drawing = lazy(host, () => {
        width = host.clientWidth;
        axes = parallelAxes([...store.runs.values()]);
        lines = drawParallel(canvas, width, axes);
        clear();
        const names = axes.map(axis => axis.field.label).join(", ");
        const count = format.count(store.visible.length, "run");
        canvas.setAttribute("aria-label", `Parallel coordinates of ${count} over ${names}`);
    });

    const place = event => {
        const box = canvas.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
    };

    canvas.addEventListener("pointerdown", event => {
        const [x, y] = place(event),
            axis = parallelAxisNear(axes, width, x);
        if (!axis) return;
        drag = { axis, from: y, to: y };
        canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", event => {
        const [x, y] = place(event);
        canvas.style.cursor = parallelAxisNear(axes, width, x) ? "ns-resize" : "crosshair";
        if (drag) showRange(y);
        else showLine(parallelLineNear(lines, [x, y]), event);
    });
    canvas.addEventListener("pointerleave", () => {
        tooltip.hide();
        clear();
    });
    canvas.addEventListener("pointerup", event => {
        const done = drag;
        drag = null;
        if (done && Math.abs(done.to - done.from) > 5) {
            narrow(done);
            return;
        }
        const line = parallelLineNear(lines, place(event));
        if (line) store.choose(line.run.id);
    });

    function showRange(y) {
        const context = clear();
        drag.to = y;
        context.globalAlpha = 0.3;
        context.fillStyle = css("--accent");
        const x = parallelX(drag.axis, width);
        context.fillRect(x - 9, Math.min(drag.from, y), 18, Math.abs(y - drag.from));
    }

    function showLine(line, event) {
        const context = clear();
        if (!line) {
            tooltip.hide();
            return;
        }
        context.strokeStyle = css("--ink");
        context.lineWidth = 2;
        stroke(context, line.points);
        const values = axes.map(
            ({ field }) => `${field.label}: ${field.write(field.of(line.run))}`
        );
        tooltip.show(event.clientX, event.clientY, [line.run.name, ...values]);
    }

    /* The range as a term of the filter, in place of an earlier one of that axis. */
    function narrow({ axis, from, to }) {
        const [top, bottom] = [parallelY(1), parallelY(0)];
        const share = y => Math.min(1, Math.max(0, (bottom - y) / (bottom - top)));
        const value = rangeText(axis.scale, share(Math.max(from, to)), share(Math.min(from, to)));
        if (value == null) return;
        const begin = `${axis.field.name}=`;
        const terms = store.filter.text
            .split(/\s+/)
            .filter(term => term && !term.startsWith(begin));
        store.setFilter([...terms, begin + value].join(" "));
    }

    function rangeText(scale, low, high) {
        if (!scale.names)
            return [low, high].map(at => Number(scale.value(at).toPrecision(3))).join("..");
        const within = name => scale.place(name) >= low - 0.02 && scale.place(name) <= high + 0.02;
        const names = scale.names.filter(within);
        /* A filter can name one value, and none with blanks. */
        return names.length === 1 && !/\s/.test(names[0]) ? names[0] : null;
    }

    return () => {
        section.hidden =
            store.runs.size < 2 || !store.keys.some(key => differs([...store.runs.values()], key));
        drawing.again();
    };
}
