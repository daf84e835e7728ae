/*
 * The page begins: data from the page itself, or from its server once a second. When it can be
 * used, the root element has data-ready: the milliseconds since it was asked for.
 */
(() => {
    const REFRESH_MS = 1000;
    const byId = id => document.getElementById(id);
    const views = [
        steps(byId("steps")),
        overview(byId("overview")),
        table(byId("table")),
        panels(byId("chosen")),
        seeds(byId("seeds")),
        parallel(byId("parallel")),
        scatter(byId("scatter")),
        diff(byId("diff")),
    ];
    const live = el("span", { class: "faint" });

    store.on(changes => {
        color.refresh();
        if (changes.has("data")) showHead();
        if (changes.has("data") || changes.has("filter")) showFilter();
        views.forEach(view => view(changes));
        for (const to of document.querySelectorAll("nav .links a"))
            to.hidden = byId(to.hash.slice(1)).hidden;
    });

    function showHead() {
        const states = new Map();
        for (const run of store.runs.values())
            states.set(run.state, (states.get(run.state) || 0) + 1);
        const { sweep } = store;
        byId("title").textContent = store.title;
        document.title = `${store.title} – nnboard`;
        byId("summary").replaceChildren(
            format.count(store.runs.size, "run"),
            states.size
                ? `: ${[...states].map(([state, n]) => `${n} ${state}`).join(", ")}. `
                : ". ",
            sweep
                ? `Sweep: ${sweep.done} of ${format.count(sweep.trials, "trial")} done, ${sweep.running} running. `
                : "",
            ...(store.live ? [live] : [`Made ${store.made}.`])
        );
        const tiles = [];
        const tile = (label, value, text, id) =>
            tiles.push(
                el(
                    "button",
                    {
                        class: "tile",
                        onclick: () => {
                            store.choose(id, true);
                            byId("chosen").scrollIntoView();
                        },
                        title: "choose this run",
                    },
                    el("span", { class: "faint" }, label),
                    el("b", {}, value),
                    el("span", { class: "faint" }, text)
                )
            );
        const by = (name, better) =>
            [...store.runs.values()]
                .filter(run => column(name).of(run) != null)
                .reduce(
                    (a, b) => (!a || better(column(name).of(b), column(name).of(a)) ? b : a),
                    null
                );
        const best = by("best_top1", (x, y) => x > y),
            loss = by("eval_loss", (x, y) => x < y);
        if (best) tile("best top-1", format.share(best.best_top1), best.name, best.id);
        if (loss)
            tile(
                "least validation loss",
                format.number(column("eval_loss").of(loss)),
                loss.name,
                loss.id
            );
        byId("tiles").replaceChildren(...tiles);
        fillColor();
    }

    /* Filter, color, axis, theme. */
    const filter = byId("filter");
    let typing = 0;
    filter.addEventListener("input", () => {
        clearTimeout(typing);
        typing = setTimeout(() => store.setFilter(filter.value), store.runs.size > 100 ? 150 : 0);
    });
    document.addEventListener("keydown", event => {
        const writing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
        if (
            event.key === "Escape" &&
            (event.target === filter || !writing) &&
            !event.defaultPrevented &&
            store.filter.text
        )
            store.setFilter("");
        if (event.key === "/" && !writing) {
            filter.focus();
            event.preventDefault();
        }
    });
    function showFilter() {
        if (document.activeElement !== filter || !store.filter.text)
            filter.value = store.filter.text;
        const some = store.filter.text !== "";
        byId("filter-note").textContent =
            store.filter.error ||
            (some ? `${store.visible.length} of ${store.runs.size} runs` : "");
        byId("filter-note").classList.toggle("bad", store.filter.error !== "");
    }

    const colors = byId("color");
    colors.addEventListener("change", () => {
        store.color = colors.value;
        store.changed("color");
    });
    function fillColor() {
        const names = [
            "",
            "best_top1",
            ...store.keys.filter(key =>
                [...store.runs.values()].some(run => typeof store.setting(run, key) === "number")
            ),
        ];
        if (colors.options.length === names.length) return;
        colors.replaceChildren(
            ...names.map(name =>
                el("option", { value: name }, name ? column(name).label : "chosen runs")
            )
        );
        colors.value = names.includes(store.color) ? store.color : "";
    }
    const axis = byId("axis");
    axis.addEventListener("change", () => {
        store.axis = axis.value;
        store.changed("axis");
    });

    const theme = byId("theme");
    function look() {
        if (theme.value) document.documentElement.dataset.theme = theme.value;
        else delete document.documentElement.dataset.theme;
        store.changed("look");
    }
    theme.addEventListener("change", look);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);

    /* In the second frame: the plots that can be seen are drawn at the end of the first. */
    function ready() {
        const mark = () => {
            document.documentElement.dataset.ready = Math.round(performance.now());
        };
        requestAnimationFrame(() => requestAnimationFrame(mark));
    }

    const data = byId("data");
    if (data) {
        const reply = JSON.parse(data.textContent);
        data.remove(); /* its text is tens of megabytes */
        store.merge(reply);
        store.tell();
        ready();
        return;
    }

    let since = -1,
        last = 0,
        failed = false;
    async function ask() {
        try {
            const reply = await fetch(since < 0 ? "data.json" : `data.json?since=${since}`, {
                cache: "no-store",
                signal: AbortSignal.timeout(30000),
            });
            if (!reply.ok) throw new Error(`status ${reply.status}`);
            const value = await reply.json();
            last = Date.now();
            if (since < 0 || value.generation !== since) {
                since = value.generation;
                store.merge(value);
                store.tell();
            }
            failed = false;
            if (!document.documentElement.dataset.ready) ready();
        } catch (error) {
            failed = true;
        }
        live.textContent = !failed
            ? "Live."
            : last
              ? `The server does not answer; this is as of ${new Date(last).toLocaleTimeString()}.`
              : "The server does not answer.";
        live.classList.toggle("bad", failed);
        setTimeout(ask, REFRESH_MS);
    }
    ask();
})();
