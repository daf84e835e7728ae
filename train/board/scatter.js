/*
 * For each setting the score over its values, a mark a run: circles for values drawn at random,
 * squares for those of a grid. The little lines at the foot are the values tried: a grid of n x n
 * tries n of each setting, a random search n * n (Bergstra and Bengio, "Random Search for
 * Hyper-Parameter Optimization", JMLR 13, 2012).
 */
function scatter(section) {
    const MOST = 12,
        HEIGHT = 220;
    const host = el("div", { class: "scatters" });
    const plots = new Map(); /* by key */
    section.append(host);

    function make(key) {
        const caption = el("figcaption"),
            canvas = el("canvas", { role: "img" });
        canvas.style.height = `${HEIGHT}px`;
        const plot = { key, caption, canvas, marks: [], figure: el("figure", {}, caption, canvas) };
        plot.drawing = lazy(plot.figure, () => draw(plot));
        canvas.addEventListener("pointermove", event => {
            const mark = markNear(plot, event);
            canvas.style.cursor = mark ? "pointer" : "default";
            if (!mark) {
                tooltip.hide();
                return;
            }
            tooltip.show(event.clientX, event.clientY, [
                mark.run.name,
                `${key}: ${format.setting(store.setting(mark.run, key))}`,
                `best top-1: ${format.share(mark.run.best_top1)}`,
            ]);
        });
        canvas.addEventListener("pointerleave", () => tooltip.hide());
        canvas.addEventListener("click", event => {
            const mark = markNear(plot, event);
            if (mark) store.choose(mark.run.id);
        });
        return plot;
    }

    function markNear(plot, event) {
        const box = plot.canvas.getBoundingClientRect(),
            x = event.clientX - box.left,
            y = event.clientY - box.top;
        const near = plot.marks
            .map(mark => ({ mark, d: Math.hypot(mark.x - x, mark.y - y) }))
            .sort((a, b) => a.d - b.d)[0];
        return near && near.d < 10 ? near.mark : null;
    }

    function tried(runs, key) {
        const values = of => new Set(of.map(run => JSON.stringify(store.setting(run, key)))).size;
        const grid = runs.filter(run => run.stage === "grid"),
            random = runs.filter(run => run.stage === "random");
        return grid.length && random.length
            ? `values tried: ${values(random)} by ${format.count(random.length, "random trial")}, ${values(grid)} by ${grid.length} of the grid`
            : format.count(values(runs), "value") + " tried";
    }

    function draw(plot) {
        const { key, canvas, caption } = plot,
            width = plot.figure.clientWidth;
        const runs = store.visible.filter(
            run => run.best_top1 != null && store.setting(run, key) != null
        );
        const context = sizeCanvas(canvas, width, HEIGHT),
            [ink, faint, grid] = ["--ink", "--faint", "--grid"].map(css);
        const across = settingScale(runs.map(run => store.setting(run, key))),
            up = settingScale(runs.map(run => run.best_top1));
        const [left, right, top, foot] = [44, 12, 8, 38];
        const px = at => left + at * (width - left - right),
            py = at => top + (1 - 0.05 - 0.9 * at) * (HEIGHT - top - foot);
        caption.replaceChildren(el("b", {}, key), el("div", { class: "faint" }, tried(runs, key)));
        canvas.setAttribute("aria-label", `best top-1 over ${key}; ${tried(runs, key)}`);
        context.font = "11px system-ui, sans-serif";
        context.fillStyle = faint;
        context.textAlign = "right";
        for (const tick of up.ticks) {
            context.strokeStyle = grid;
            stroke(context, [
                [left, py(tick.at)],
                [width - right, py(tick.at)],
            ]);
            context.fillText(`${format.tick(100 * tick.value)} %`, left - 5, py(tick.at) + 4);
        }
        context.textAlign = "center";
        let free = -Infinity;
        for (const tick of across.ticks) {
            const half = context.measureText(tick.text).width / 2;
            if (px(tick.at) - half < free) continue;
            free = px(tick.at) + half + 6;
            context.fillText(tick.text, Math.min(px(tick.at), width - half), HEIGHT - 6);
        }
        /* Random's values above those of the grid, where there are both. */
        const both =
            runs.some(run => run.stage === "grid") && runs.some(run => run.stage === "random");
        for (const run of runs) {
            const x = px(across.place(store.setting(run, key))),
                low = both && run.stage === "grid";
            context.strokeStyle = low ? ink : faint;
            if (!both || low || run.stage === "random")
                stroke(context, [
                    [x, HEIGHT - foot + (low ? 12 : 4)],
                    [x, HEIGHT - foot + (low ? 18 : 10)],
                ]);
        }
        plot.marks = runs
            .map(run => ({
                run,
                line: color.line(run),
                x: px(across.place(store.setting(run, key))),
                y: py(up.place(run.best_top1)),
            }))
            .sort((a, b) => a.line.front - b.line.front);
        const size = runs.length > 200 ? 2.2 : 3.5;
        for (const { run, line, x, y } of plot.marks) {
            const r = line.front ? 5 : size;
            context.globalAlpha = line.front ? 1 : 0.65;
            context.fillStyle = line.stroke;
            context.beginPath();
            if (run.stage === "grid") context.rect(x - r, y - r, 2 * r, 2 * r);
            else context.arc(x, y, r, 0, 7);
            context.fill();
        }
        context.globalAlpha = 1;
    }

    return () => {
        const all = [...store.runs.values()];
        const keys = store.keys
            .filter(key => !/seed$/.test(key) && differs(all, key))
            .slice(0, MOST);
        section.hidden = keys.length === 0 || all.every(run => run.best_top1 == null);
        for (const [key, plot] of plots)
            if (!keys.includes(key)) {
                plot.drawing.forget();
                plot.figure.remove();
                plots.delete(key);
            }
        for (const key of keys) {
            if (!plots.has(key)) {
                plots.set(key, make(key));
                host.append(plots.get(key).figure);
            }
            plots.get(key).drawing.again();
        }
    };
}
