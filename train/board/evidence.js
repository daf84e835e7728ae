/*
 * A verdict's evidence, whatever it holds: numbers and texts as a list, lists of numbers of one
 * length as curves over the one that is an axis (a rate, a step, an epoch, a layer), `importance`
 * as bars, lists of objects as a table, objects as their own little section.
 */
const evidenceAxes = [
    "lr",
    "rate",
    "rates",
    "step",
    "steps",
    "iteration",
    "epoch",
    "epochs",
    "layer",
    "index",
    "trials",
    "x",
];

function evidence(value, depth = 0) {
    const parts = [],
        facts = [],
        lists = new Map();
    for (const [name, one] of Object.entries(value)) {
        if (
            Array.isArray(one) &&
            one.length > 1 &&
            one.every(x => x == null || typeof x === "number")
        ) {
            if (!lists.has(one.length)) lists.set(one.length, {});
            lists.get(one.length)[name] = one;
        } else if (
            Array.isArray(one) &&
            one.length &&
            one.every(x => x && typeof x === "object" && !Array.isArray(x))
        ) {
            parts.push(el("h4", {}, name), objectTable(one));
        } else if (one && typeof one === "object" && !Array.isArray(one)) {
            const numbers =
                Object.values(one).length > 0 &&
                Object.values(one).every(x => typeof x === "number");
            if (/importance/.test(name) && numbers)
                parts.push(el("h4", {}, name.replaceAll("_", " ")), bars(one));
            else if (depth < 3)
                parts.push(
                    el(
                        "section",
                        { class: "evidence" },
                        el("h4", {}, name.replaceAll("_", " ")),
                        evidence(one, depth + 1)
                    )
                );
        } else {
            facts.push(
                el(
                    "div",
                    {},
                    el("dt", {}, name.replaceAll("_", " ")),
                    el("dd", {}, format.setting(one))
                )
            );
        }
    }
    const plots = [...lists.values()].flatMap(listPlots);
    return [
        facts.length ? el("dl", { class: "facts-list" }, facts) : null,
        plots.length ? el("div", { class: "plots" }, plots) : null,
        ...parts,
    ].filter(part => part);
}

/* Lists of one length: one is the axis, each of the others a plot. */
function listPlots(lists) {
    const axis = evidenceAxes.find(name => name in lists);
    const x = axis ? lists[axis] : Object.values(lists)[0].map((_, i) => i);
    const order = [...x.keys()].filter(i => x[i] != null).sort((a, b) => x[a] - x[b]);
    const low = Math.min(...order.map(i => x[i])),
        high = Math.max(...order.map(i => x[i]));
    const logX = /^(lr|rates?)$/.test(axis || "") && low > 0 && high / low > 5;
    return Object.entries(lists)
        .filter(([name]) => name !== axis)
        .map(([name, y]) => {
            const host = el("div");
            const chart = new Chart(host, {
                title: name.replaceAll("_", " "),
                x: axis ? axis.replaceAll("_", " ") : "index",
                height: 220,
                pick: false,
                logX,
                cut: /loss/.test(name),
                most:
                    logX && /loss/.test(name)
                        ? 1.5 * y[order[0]]
                        : undefined /* a range test's loss explodes at its end */,
                share: /top1|accuracy/.test(name),
            });
            const points = {
                x: order.map(i => x[i]),
                y: order.map(i => y[i]),
                stroke: color.series(0),
                label: name.replaceAll("_", " "),
            };
            chart.set([
                { ...points, kind: "line", width: 1.5 },
                ...(order.length <= 100 ? [{ ...points, kind: "marks" }] : []),
            ]);
            return el("div", {}, host);
        });
}

function objectTable(rows) {
    const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
    const shown = rows.slice(0, 200);
    return el(
        "div",
        { class: "scroll" },
        el(
            "table",
            {},
            el(
                "thead",
                {},
                el(
                    "tr",
                    {},
                    names.map(name => el("th", { scope: "col" }, name.replaceAll("_", " ")))
                )
            ),
            el(
                "tbody",
                {},
                shown.map(row =>
                    el(
                        "tr",
                        {},
                        names.map(name => cell(row[name]))
                    )
                )
            )
        )
    );
}

function cell(value) {
    return el("td", typeof value === "number" ? { class: "n" } : {}, format.setting(value));
}

/* {name: share}, the greatest first. */
function bars(shares) {
    const entries = Object.entries(shares).sort((a, b) => b[1] - a[1]),
        most = Math.max(...entries.map(([, x]) => x), 1e-12);
    return el(
        "div",
        { class: "bars" },
        entries.map(([name, x]) => {
            const bar = el("span", { class: "bar" });
            bar.style.width = `${Math.max(0, (100 * x) / most)}%`;
            return el(
                "div",
                {},
                el("span", { class: "bar-name" }, name),
                el("span", { class: "bar-room" }, bar),
                el("span", { class: "n" }, format.number(x))
            );
        })
    );
}
