/* Two runs' settings side by side: those that differ, or all. */
function diff(section) {
    const selects = ["A", "B"].map(name =>
        el("select", {
            "aria-label": `run ${name}`,
            onchange: () => {
                own = true;
                show();
            },
        })
    );
    const all = el("input", { type: "checkbox", onchange: () => show() });
    const swap = el(
        "button",
        {
            onclick: () => {
                [selects[0].value, selects[1].value] = [selects[1].value, selects[0].value];
                own = true;
                show();
            },
        },
        "⇄ swap"
    );
    const body = el("tbody"),
        names = [el("th", { scope: "col" }), el("th", { scope: "col" })];
    const text = el("p", { class: "faint" });
    section.append(
        el(
            "div",
            { class: "controls" },
            selects[0],
            swap,
            selects[1],
            el("label", {}, all, "all settings")
        ),
        text,
        el(
            "div",
            { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "differences" },
            el(
                "table",
                {},
                el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "setting"), names)),
                body
            )
        )
    );
    let own = false; /* picked here: later choices elsewhere do not change it */

    function fillSelects() {
        const picked = selects.map(select => select.value);
        const ids = [...store.runs.keys()];
        selects.forEach(select => {
            if (select.options.length !== ids.length)
                select.replaceChildren(
                    ...[...store.runs.values()].map(run =>
                        el("option", { value: run.id }, run.name)
                    )
                );
        });
        const fallback = [...store.chosen, ...ids.filter(id => !store.chosen.has(id))];
        selects.forEach((select, i) => {
            select.value =
                own && store.runs.has(Number(picked[i])) ? picked[i] : String(fallback[i]);
        });
    }

    function show() {
        const [a, b] = selects.map(select => store.runs.get(Number(select.value)));
        if (!a || !b) return;
        names.forEach((cell, i) => cell.replaceChildren([a, b][i].name));
        const keys = [...new Set([...store.configKeys(a), ...store.configKeys(b)])].sort();
        const same = key =>
            JSON.stringify(store.setting(a, key) ?? null) ===
            JSON.stringify(store.setting(b, key) ?? null);
        const differing = keys.filter(key => !same(key));
        text.textContent = differing.length
            ? `${format.count(differing.length, "setting differs", "settings differ")}, of ${keys.length}.`
            : `All ${keys.length} settings are the same.`;
        const row = (head, x, y, marked) =>
            el(
                "tr",
                { class: marked ? "differs" : null },
                el("th", { scope: "row" }, head),
                el("td", {}, x),
                el("td", {}, y)
            );
        const results = measures
            .slice(0, 5)
            .filter(measure => measure.of(a) != null || measure.of(b) != null)
            .map(measure =>
                row(
                    measure.label,
                    ...[a, b].map(run =>
                        measure.of(run) == null ? "–" : measure.write(measure.of(run))
                    )
                )
            );
        const full = value => (typeof value === "number" ? String(value) : format.setting(value));
        body.replaceChildren(
            ...results,
            ...(all.checked ? keys : differing).map(key =>
                row(key, full(store.setting(a, key)), full(store.setting(b, key)), !same(key))
            )
        );
    }

    const drawing = lazy(section, () => {
        fillSelects();
        show();
    });
    return () => {
        section.hidden = store.runs.size < 2;
        drawing.again();
    };
}
