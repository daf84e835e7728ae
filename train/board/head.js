/* The page's head: its name, how many runs are in which state, how a live page is served, and the
 * best runs as tiles, which choose them. */
function head({ title, summary, tiles }) {
    const live = el("span", { class: "faint" });

    function states() {
        const counts = new Map();
        for (const { state } of store.runs.values())
            counts.set(state, (counts.get(state) || 0) + 1);
        return [...counts].map(([state, n]) => `${n} ${state}`).join(", ");
    }

    function bestBy(name) {
        const { of, best } = column(name),
            sign = best === "low" ? -1 : 1;
        return [...store.runs.values()]
            .filter(run => of(run) != null)
            .reduce((a, b) => (a && sign * of(a) >= sign * of(b) ? a : b), null);
    }

    function tile(label, name, best) {
        if (!best) return null;
        const { of, write } = column(name);
        const choose = () => {
            store.choose(best.id, true);
            document.getElementById("chosen").scrollIntoView();
        };
        return el(
            "button",
            { class: "tile", onclick: choose, title: "choose this run" },
            el("span", { class: "faint" }, label),
            el("b", {}, write(of(best))),
            el("span", { class: "faint" }, best.name)
        );
    }

    function update(changes) {
        if (!changes.has("data")) return;
        const { sweep } = store;
        title.textContent = store.title;
        document.title = `${store.title} – nnboard`;
        const parts = [
            [format.count(store.runs.size, "run"), states()].filter(part => part).join(": "),
        ];
        if (sweep)
            parts.push(
                `Sweep: ${sweep.done} of ${format.count(sweep.trials, "trial")} done, ${sweep.running} running`
            );
        if (!store.live) parts.push(`Made ${store.made}`);
        summary.replaceChildren(`${parts.join(". ")}. `, ...(store.live ? [live] : []));
        const tops = [
            ["best top-1", "best_top1"],
            ["least validation loss", "eval_loss"],
        ].map(([label, name]) => [label, name, bestBy(name)]);
        const what = tops.map(([, name, run]) => run && [run.id, run.name, column(name).of(run)]);
        fillNew(tiles, what, () => tops.map(top => tile(...top)));
    }

    return {
        update,
        /* The server answers, or has not since `last` (milliseconds; 0: never did). */
        served(answers, last) {
            const as = last ? `; this is as of ${new Date(last).toLocaleTimeString()}` : "";
            live.textContent = answers ? "Live." : `The server does not answer${as}.`;
            live.classList.toggle("bad", !answers);
            if (!live.isConnected) summary.replaceChildren(live);
        },
    };
}
