/*
 * The page begins: data from the page itself, or from its server once a second. When it can be
 * used, the root element has data-ready: the milliseconds since it was asked for.
 */
(() => {
    const REFRESH_MS = 1000,
        PATIENCE_MS = 30000;
    const byId = id => document.getElementById(id);
    const top = head({ title: byId("title"), summary: byId("summary"), tiles: byId("tiles") });
    const views = [
        top.update,
        toolbar({
            filter: byId("filter"),
            note: byId("filter-note"),
            colors: byId("color"),
            axis: byId("axis"),
            theme: byId("theme"),
        }),
        steps(byId("steps")),
        overview(byId("overview")),
        table(byId("table")),
        panels(byId("chosen")),
        seeds(byId("seeds")),
        parallel(byId("parallel")),
        scatter(byId("scatter")),
        diff(byId("diff")),
    ];

    store.on(changes => {
        color.refresh();
        views.forEach(view => view(changes));
        for (const to of document.querySelectorAll("nav .links a"))
            to.hidden = byId(to.hash.slice(1)).hidden;
    });

    function show(reply) {
        store.merge(reply);
        store.tell();
        if (document.documentElement.dataset.ready) return;
        /* In the second frame: the plots that can be seen are drawn at the end of the first. */
        const mark = () => {
            document.documentElement.dataset.ready = Math.round(performance.now());
        };
        requestAnimationFrame(() => requestAnimationFrame(mark));
    }

    async function ask(since) {
        const address = since == null ? "data.json" : `data.json?since=${since}`;
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const reply = await fetch(address, { cache: "no-store", signal });
        if (!reply.ok) throw new Error(`status ${reply.status}`);
        return reply.json();
    }

    async function follow(since, last) {
        let reply = null;
        try {
            reply = await ask(since);
            last = Date.now();
        } catch {
            /* said below, and tried again */
        }
        top.served(reply !== null, last);
        setTimeout(follow, REFRESH_MS, reply ? reply.generation : since, last);
        if (reply && reply.generation !== since) show(reply);
    }

    const data = byId("data");
    if (data) {
        const reply = JSON.parse(data.textContent);
        data.remove(); /* its text is tens of megabytes */
        show(reply);
    } else {
        follow(null, 0);
    }
})();
