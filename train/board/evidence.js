/*
 * A verdict's evidence, whatever it holds: numbers and texts as a list, lists of numbers of one
 * length as curves over the one that is an axis (a rate, a step, an epoch, a layer), `importance`
 * as bars, lists of objects as a table, objects as their own little section.
 */
const evidenceAxes = [
    "lr",
    "rate",
    "step",
    "steps",
    "iteration",
    "epoch",
    "epochs",
    "layer",
    "trial",
    "index",
];

function evidence(value, depth = 0) {
    const facts = [],
        parts = [],
        lists = new Map(); /* by length */
    for (const [name, one] of Object.entries(value)) {
        if (isNumbers(one) && one.length > 1) {
            if (!lists.has(one.length)) lists.set(one.length, {});
            lists.get(one.length)[name] = one;
        } else if (isObjects(one)) {
            parts.push(part(name, objectTable(one)));
        } else if (isObject(one) && /importance/.test(name)) {
            parts.push(part(name, bars(one)));
        } else if (isObject(one) && depth < 3) {
            parts.push(part(name, evidence(one, depth + 1)));
        } else {
            facts.push(fact(name, one));
        }
    }
    const plots = [];
    for (const group of lists.values()) {
        const axis = evidenceAxes.find(name => name in group);
        /* A handful of numbers without an axis (one for each channel) is no curve. */
        if ("top1" in group && !axis) plots.push(...triedPlots(group));
        else if (axis || Object.values(group)[0].length > 8) plots.push(...listPlots(group, axis));
        else facts.push(...Object.entries(group).map(([name, one]) => fact(name, one)));
    }
    return [
        facts.length ? el("dl", { class: "facts-list" }, facts) : null,
        plots.length || parts.length ? el("div", { class: "evidence" }, plots, parts) : null,
    ].filter(one => one);
}

const isObject = one => one !== null && typeof one === "object" && !Array.isArray(one);
const isObjects = one => Array.isArray(one) && one.length > 0 && one.every(isObject);
const isNumbers = one => Array.isArray(one) && one.every(x => x == null || typeof x === "number");
const isShare = name => /(^best|top1)$/.test(name);
const spoken = name => (name.includes(".") ? name : name.replaceAll("_", " "));

function part(name, ...content) {
    return el("section", {}, el("h4", {}, spoken(name)), ...content);
}

function fact(name, value) {
    return el("div", {}, el("dt", {}, spoken(name)), el("dd", {}, valueText(name, value)));
}

function valueText(name, value) {
    if (isNumbers(value)) return value.map(x => valueText(name, x)).join(", ") || "–";
    const share = isShare(name) && typeof value === "number";
    return share ? format.share(value) : format.setting(value);
}

/* What was tried of each setting, and what came of it. */
function triedPlots({ top1, ...settings }) {
    return Object.entries(settings).map(([name, x]) =>
        listPlot("top1", x, top1, { x: name, logX: isWide(x, 20), scattered: true })
    );
}

/* One of the lists is the axis, each of the others a plot. */
function listPlots(lists, axis) {
    const x = axis ? lists[axis] : Object.values(lists)[0].map((_, i) => i);
    const logX = /^(lr|rate)$/.test(axis || "") && isWide(x, 5);
    return Object.entries(lists)
        .filter(([name]) => name !== axis)
        .map(([name, y]) => listPlot(name, x, y, { x: spoken(axis || "index"), logX }));
}

function isWide(values, ratio) {
    const [low, high] = list.extent(values) || [0, 0];
    return low > 0 && high / low > ratio;
}

function listPlot(name, xs, ys, { x: axis, logX, scattered }) {
    const order = [...xs.keys()].filter(i => xs[i] != null).sort((a, b) => xs[a] - xs[b]);
    const x = order.map(i => xs[i]),
        y = order.map(i => ys[i]);
    const host = el("div"),
        loss = /loss/.test(name);
    const chart = new Chart(host, {
        title: isShare(name) ? `${spoken(name)}, %` : spoken(name),
        x: axis,
        height: 220,
        pick: false,
        logX,
        cut: loss,
        /* A range test's loss explodes at its end. */
        most: logX && loss && y[0] > 0 ? 1.5 * y[0] : undefined,
        share: isShare(name),
    });
    const points = { x, y, stroke: color.series(0), label: spoken(name) };
    const marks = scattered || x.length <= 100 ? [{ ...points, kind: "marks" }] : [];
    const line = scattered ? [] : [{ ...points, kind: "line", width: 1.5 }];
    chart.set([...line, ...marks]);
    return el("div", { class: "evidence-plot" }, host);
}

function objectTable(rows) {
    const names = [...new Set(rows.flatMap(row => Object.keys(row)))];
    const head = names.map(name => el("th", { scope: "col" }, spoken(name)));
    const cell = (name, value) =>
        el(
            "td",
            typeof value === "number" ? { class: "n" } : {},
            name === "run" ? runButton(value) : valueText(name, value)
        );
    return el(
        "div",
        { class: "scroll" },
        el(
            "table",
            {},
            el("thead", {}, el("tr", {}, head)),
            el(
                "tbody",
                {},
                rows.slice(0, 200).map(row =>
                    el(
                        "tr",
                        {},
                        names.map(name => cell(name, row[name]))
                    )
                )
            )
        )
    );
}

/* A run's path below its sweep, which chooses it. */
function runButton(path) {
    const run = runsOf([path])[0];
    if (!run) return format.setting(path);
    return el(
        "button",
        { onclick: () => store.choose(run.id), title: "choose, or no longer" },
        el("bdi", {}, run.name)
    );
}

/* The runs with these paths below their sweep. */
function runsOf(paths) {
    const is = (run, path) => run.name === path || run.name.endsWith(`/${path}`);
    return [...store.runs.values()].filter(run => (paths || []).some(path => is(run, path)));
}

/* {name: share}, the greatest first. */
function bars(shares) {
    const entries = Object.entries(shares)
        .filter(([, x]) => typeof x === "number")
        .sort((a, b) => b[1] - a[1]);
    const most = Math.max(...entries.map(([, x]) => x), 1e-12);
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
