/*
 * All runs that pass the filter, a row each: choose by the box, sort by a column's head. Rows are
 * made as one scrolls.
 */
function table(section) {
    const AT_ONCE = 60;
    const count = el("span", { class: "faint" });
    const choose = el(
        "button",
        { onclick: () => store.chooseOnly(sorted.slice(0, 6).map(run => run.id)) },
        "Choose the first 6"
    );
    const none = el("button", { onclick: () => store.chooseOnly([]) }, "Choose none");
    const head = el("tr"),
        body = el("tbody"),
        scroll = el(
            "div",
            { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "table of runs" },
            el("table", { class: "runs" }, el("thead", {}, head), body)
        );
    section.append(el("div", { class: "controls" }, count, choose, none), scroll);
    let sort = { name: "best_top1", down: true },
        sorted = [],
        columns = [],
        made = 0;

    function findColumns() {
        const known = measures.filter(measure =>
            store.visible.some(run => measure.of(run) != null)
        );
        const texts = [
            { name: "stage", label: "stage", write: String, of: run => run.stage || null },
            { name: "seed", label: "seed", write: format.setting, of: run => run.seed ?? null },
        ].filter(field => new Set([...store.runs.values()].map(field.of)).size > 1);
        return [
            { name: "name", label: "run", write: String, of: run => run.name },
            { name: "state", label: "state", write: String, of: run => run.state },
            ...(store.visible.some(run => (run.links || []).length || (run.notes || []).length)
                ? [
                      {
                          name: "links",
                          label: "reports",
                          write: String,
                          of: run => (run.links || []).length,
                      },
                  ]
                : []),
            ...texts,
            ...known,
            ...store.keys.filter(key => !/(^|\.)seed$/.test(key)).map(column),
        ];
    }

    function order() {
        const field = columns.find(one => one.name === sort.name);
        sorted = [...store.visible];
        if (!field) return;
        const sign = sort.down ? -1 : 1;
        const values = new Map(sorted.map(run => [run.id, field.of(run)]));
        sorted.sort((a, b) => {
            const [x, y] = [values.get(a.id), values.get(b.id)];
            if (x == null || y == null)
                /* not known: last, either way */
                return (x == null) - (y == null);
            if (typeof x === "number" && typeof y === "number") return sign * (x - y);
            return (
                sign *
                String(format.setting(x)).localeCompare(String(format.setting(y)), "en", {
                    numeric: true,
                })
            );
        });
    }

    function sortBy(field) {
        const first = !(field.best === "low" || field.name === "name"); /* the best first */
        sort = { name: field.name, down: sort.name === field.name ? !sort.down : first };
        update(new Set(["sort"]));
    }

    function showHead() {
        const focused = head.contains(document.activeElement)
            ? document.activeElement.dataset.name
            : null;
        head.replaceChildren(
            el("th", {}, el("span", { class: "hidden" }, "chosen")),
            ...columns.map(field => {
                const by = sort.name === field.name;
                return el(
                    "th",
                    {
                        scope: "col",
                        class:
                            sorted.length &&
                            typeof field.of(sorted[0]) === "number" &&
                            field.name !== "links"
                                ? "n"
                                : null,
                        "aria-sort": by ? (sort.down ? "descending" : "ascending") : "none",
                        title: field.title || field.name,
                    },
                    el(
                        "button",
                        { "data-name": field.name, onclick: () => sortBy(field) },
                        field.setting ? field.label.replace(/^.*\.(?=[^.]+$)/, "") : field.label,
                        el("span", { "aria-hidden": "true" }, by ? (sort.down ? " ▾" : " ▴") : "")
                    )
                );
            })
        );
        if (focused)
            [...head.querySelectorAll("button")]
                .find(button => button.dataset.name === focused)
                ?.focus({ preventScroll: true });
    }

    function rowOf(run) {
        const chosen = store.chosen.has(run.id);
        const box = el("input", {
            type: "checkbox",
            checked: chosen,
            "aria-label": `choose ${run.name}`,
            onchange: () => store.choose(run.id, box.checked),
        });
        return el(
            "tr",
            { class: chosen ? "chosen" : null, "data-id": run.id },
            el("td", {}, box),
            ...columns.map(field => {
                const value = field.of(run);
                if (field.name === "links")
                    return el(
                        "td",
                        {},
                        (run.links || []).flatMap(one => [link(String(one.text), one.href), " "]),
                        notesOf(run)
                    );
                if (field.name === "name")
                    return el(
                        "th",
                        { scope: "row" },
                        chosen ? swatch(run) : null,
                        el("bdi", {}, run.name)
                    );
                if (field.name === "state") return el("td", {}, stateOf(run));
                return el(
                    "td",
                    typeof value === "number" ? { class: "n" } : {},
                    value == null ? "–" : field.write(value)
                );
            })
        );
    }

    function notesOf(run) {
        const notes = run.notes || [];
        return notes.length
            ? el(
                  "span",
                  { class: "note", title: notes.join("\n") },
                  format.count(notes.length, "note")
              )
            : null;
    }

    function addRows(until) {
        const rows = sorted.slice(made, until).map(rowOf);
        made += rows.length;
        body.append(...rows);
    }
    scroll.addEventListener("scroll", () => {
        if (scroll.scrollTop + scroll.clientHeight > scroll.scrollHeight - 400)
            addRows(made + AT_ONCE);
    });

    function update(changes) {
        if (changes.has("chosen") && changes.size === 1) {
            showChosen();
            return;
        }
        section.hidden = store.runs.size === 0;
        columns = findColumns();
        order();
        showHead();
        const until = Math.max(AT_ONCE, changes.has("filter") ? 0 : made),
            top = scroll.scrollTop;
        const focused = body.contains(document.activeElement)
            ? document.activeElement.closest("tr").dataset.id
            : null;
        made = Math.min(until, sorted.length);
        body.replaceChildren(...sorted.slice(0, made).map(rowOf));
        scroll.scrollTop = changes.has("filter") ? 0 : top;
        if (focused)
            body.querySelector(`tr[data-id="${focused}"] input`)?.focus({ preventScroll: true });
        count.textContent =
            store.visible.length === store.runs.size
                ? format.count(store.runs.size, "run")
                : `${store.visible.length} of ${format.count(store.runs.size, "run")}`;
    }

    /* Rows stay where they are. */
    function showChosen() {
        for (const row of [...body.children]) {
            const id = Number(row.dataset.id);
            if (store.chosen.has(id) || row.classList.contains("chosen"))
                replaceRow(row, store.runs.get(id));
        }
    }

    function replaceRow(row, run) {
        const focused = row.contains(document.activeElement),
            fresh = rowOf(run);
        row.replaceWith(fresh);
        if (focused) fresh.querySelector("input").focus({ preventScroll: true });
    }
    return update;
}
