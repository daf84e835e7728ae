/*
 * The filter: terms that must all hold, separated by blanks. A word is looked for in name, state
 * and stage; `lr>=0.01`, `model=resnet20`, `weight_decay!=0` and `lr=0.001..0.1` compare a setting
 * or a measure. A key may be shortened to its last parts (`lr` for `train.lr`) where only one key
 * ends so. Shares are 0..1.
 *
 *     parseFilter("lr>0.01 state=done").passes(run)
 */
function parseFilter(text) {
    const filter = { text, passes: () => true, error: "" };
    const tests = [];
    for (const term of text
        .trim()
        .split(/\s+/)
        .filter(term => term)) {
        const parts = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.*)$/.exec(term);
        if (!parts) {
            const word = term.toLowerCase();
            tests.push(run =>
                `${run.name} ${run.state} ${run.stage || ""}`.toLowerCase().includes(word)
            );
            continue;
        }
        const field = findField(parts[1]);
        if (!field) {
            filter.error = `“${parts[1]}” is none of: ${fieldNames().slice(0, 12).join(", ")}`;
            continue;
        }
        tests.push(comparison(field, parts[2], parts[3]));
    }
    filter.passes = run => tests.every(test => test(run));
    return filter;
}

const textFields = ["name", "state", "stage", "group", "seed", "fold", "round"];

function fieldNames() {
    const last = key => key.slice(key.lastIndexOf(".") + 1);
    return [...measures.map(measure => measure.name), ...textFields, ...store.keys.map(last)];
}

function findField(name) {
    if (textFields.includes(name)) return run => run[name];
    const measure = measures.find(one => one.name === name);
    if (measure) return measure.of;
    let keys = store.keys.filter(key => key === name || key.endsWith(`.${name}`));
    if (keys.length !== 1) {
        const first = store.runs.values().next().value;
        keys = first
            ? store
                  .configKeys(first)
                  .filter(key => key === name || (!keys.length && key.endsWith(`.${name}`)))
            : [];
    }
    return keys.length === 1 ? run => store.setting(run, keys[0]) : null;
}

function comparison(field, operator, wanted) {
    const range = /^(.+)\.\.(.+)$/.exec(wanted);
    if (operator === "=" && range && range.slice(1).every(end => Number.isFinite(Number(end)))) {
        const [low, high] = range.slice(1).map(Number);
        /* Ends are written short: a value that is written the same is in. */
        const slack = 1e-4 * Math.max(Math.abs(low), Math.abs(high));
        return run => {
            const value = field(run);
            return typeof value === "number" && value >= low - slack && value <= high + slack;
        };
    }
    return run => {
        const value = field(run);
        const numbers =
            typeof value === "number" && wanted !== "" && Number.isFinite(Number(wanted));
        const a = numbers ? value : String(value ?? "").toLowerCase();
        const b = numbers ? Number(wanted) : wanted.toLowerCase();
        switch (operator) {
            case "=":
                return a === b;
            case "!=":
                return a !== b;
            case "<":
                return value != null && a < b;
            case "<=":
                return value != null && a <= b;
            case ">":
                return value != null && a > b;
            default:
                return value != null && a >= b;
        }
    };
}
