/*
 * Claims about the parts of the board's script that compute: what a filter lets through, where
 * values stand on an axis, where a plot ends, how numbers are written, where links may lead. Run by
 * board.sh in a page of its own, whose text is the result.
 */
const failures = [];
let checks = 0;
function is(found, wanted, what) {
    checks++;
    if (JSON.stringify(found) !== JSON.stringify(wanted))
        failures.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}
const near = (found, wanted, what) => is(Math.abs(found - wanted) < 1e-9, true, `${what} ${found}`);

const run = (id, name, lr, decay, top1, state = "done") => ({
    id,
    name,
    state,
    stage: id % 2 ? "grid" : "random",
    best_top1: top1,
    epochs: {
        epoch: [1, 2],
        train_top1: [0.4, top1 == null ? null : top1 + 0.1],
        eval_top1: [0.3, top1],
    },
    config: { "train.lr": lr, "train.weight_decay": decay },
});
store.merge({
    keys: ["train.lr", "train.weight_decay"],
    base: { "train.epochs": 2, "model.name": "resnet8", "eval.lr": 7 },
    runs: [
        run(0, "a/zero", 0.1, 0, 0.8),
        run(1, "a/one", 0.01, 1e-5, 0.6),
        run(2, "b/two", 0.001, 1e-4, 0.5),
        run(3, "b/three", 1, 1e-4, null, "diverged"),
    ],
});

/* Filters. */
const passing = text => {
    store.setFilter(text);
    return store.visible.map(one => one.id);
};
for (const [text, ids] of [
    ["", [0, 1, 2, 3]],
    ["a/", [0, 1]],
    ["DIVERGED", [3]],
    ["lr>0.01", [0, 3]],
    ["lr>=0.01", [0, 1, 3]],
    ["train.lr<0.01", [2]],
    ["weight_decay=0", [0]],
    ["weight_decay!=0", [1, 2, 3]],
    ["weight_decay=1e-4 lr<1", [2]],
    ["lr=0.005..0.2", [0, 1]],
    ["lr=0.01..0.01", [1]],
    ["best_top1>=0.6", [0, 1]],
    ["best_top1<1", [0, 1, 2]],
    ["gap>0.09", [0, 1, 2, 3]],
    ["state=done stage=grid", [1]],
    ["epochs=2", [0, 1, 2, 3]],
    ["model.name=resnet8", [0, 1, 2, 3]],
    ["name=b/two", [2]],
])
    is(passing(text), ids, `filter ${text}`);
passing("nothing>1");
is(store.filter.error.includes("nothing"), true, "an unknown key is said");
passing("");

/* What is chosen first, and what a server that began anew keeps. */
is([...store.chosen], [0, 1, 2, 3], "few runs are all chosen");
store.chooseOnly([1, 2]);
store.merge({
    all: true,
    base: {},
    keys: [],
    runs: [run(0, "b/two", 1, 0, 0.1), run(1, "new", 1, 0, 0.2)],
});
is([...store.chosen], [0], "chosen runs are kept by their names");
is(store.setting(store.runs.get(0), "constructor"), undefined, "a key of Object's is no setting");

/* Axes. */
const log = settingScale([0, 1e-4, 1e-2]);
near(log.place(0), 0, "zero stands at the foot of a logarithmic axis");
near(log.place(1e-2), 1, "the greatest at its top");
near(log.value(log.place(1e-3)), 1e-3, "and back");
const linear = settingScale([1, 2, 3]);
near(linear.place(2), 0.5, "the middle of a linear axis");
is(
    linear.ticks.map(tick => tick.text),
    ["1", "1.5", "2", "2.5", "3"],
    "its ticks"
);
const names = settingScale(["b", "a", "c"]);
is(["a", "b", "c"].map(names.place), [0, 0.5, 1], "names in their order");
near(settingScale([5, 5]).place(5), 0.5, "one value stands in the middle");

/* Limits of a plot. */
const curve = (y, state = "done") => ({ x: y.map((_, i) => i), y, run: { state } });
const tame = Array.from({ length: 100 }, (_, i) => 2 - i / 100);
is(chartLimits([curve(tame)], {}).cut, false, "nothing is cut");
is(
    chartLimits([curve(tame), curve([2, 9, 1e6], "diverged")], { cut: true }).y[1] < 3,
    true,
    "a run that diverged is cut"
);
is(chartLimits([curve([2, 9, 1e6], "diverged")], { cut: true }).y[1] > 1e6, true, "but not alone");
is(
    chartLimits([curve(tame), curve(tame), curve([9, 1e6, 1e5, 1e6])], { cut: true }).y[1] < 3,
    true,
    "nor does one that lived through an explosion",
);
is(chartLimits([curve([...tame, 500])], { cut: true }).cut, true, "a spike is cut");
is(chartLimits([curve([1, 4])], { most: 2 }).y[1], 2, "an end that was given");
is(chartLimits([], {}), { x: [0, 1], y: [0, 1], cut: false }, "no curve");
is(
    chartLimits([curve([0, null, 10])], { log: true }).y[0] > 0,
    true,
    "no zero on a logarithmic axis"
);

/* Numbers. */
for (const [x, text] of [
    [null, "–"],
    [NaN, "–"],
    [0, "0"],
    [0.05, "0.05"],
    [1e-5, "1e-5"],
    [0.000123456, "1.23e-4"],
    [123456, "123500"],
    [1.5e7, "1.5e7"],
    [-2, "-2"],
])
    is(format.number(x), text, `number ${x}`);
is(format.share(0.12345), "12.35 %", "a share");
is(format.duration(7322), "2 h 2 min", "a duration");

/* Links. */
for (const [href, leads] of [
    ["trials/1/report.html", true],
    ["https://a.example/x", true],
    ["javascript:alert(1)", false],
    [" java\nscript:alert(1)", false],
    ["data:text/html,x", false],
    ["file:///etc/passwd", false],
    [null, true],
])
    is(link("text", href).tagName === "A", leads, `link ${href}`);
const hostile = el("p", { title: '"><b>' }, "<b>x</b>");
is([hostile.children.length, hostile.textContent], [0, "<b>x</b>"], "text is text");

document.body.textContent = `${failures.join("; ")} ${checks - failures.length} passed, ${failures.length} failed`;
