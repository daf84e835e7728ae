/*
 * The axis of a setting: linear, logarithmic where all values are positive and far apart (with a
 * place of its own for 0, as of weight decay), or a place for each where they are no numbers.
 *
 *     const scale = settingScale(values);
 *     scale.place(0.01)                        // 0..1; scale.ticks: [{ at: 0..1, text }]
 */
function settingScale(values) {
    const known = values.filter(value => value != null);
    const numbers = known.filter(value => typeof value === "number");
    if (numbers.length < known.length || !numbers.length) return placeScale(known);
    const low = Math.min(...numbers),
        high = Math.max(...numbers);
    const positive = numbers.filter(value => value > 0);
    const least = Math.min(...positive);
    if (low >= 0 && positive.length && high / least > (low === 0 ? 5 : 20))
        return logScale(least, high, low === 0);
    if (low === high)
        return {
            place: value => (value == null ? null : 0.5),
            value: () => low,
            ticks: [{ at: 0.5, value: low, text: format.number(low) }],
        };
    return {
        place: value => (typeof value === "number" ? (value - low) / (high - low) : null),
        value: at => low + at * (high - low),
        ticks: niceTicks(low, high).map(value => ({
            at: (value - low) / (high - low),
            value,
            text: format.tick(value),
        })),
    };
}

function placeScale(known) {
    const names = [...new Set(known.map(format.setting))].sort();
    const at = name => (names.length > 1 ? names.indexOf(name) / (names.length - 1) : 0.5);
    return {
        place: value => (value == null ? null : at(format.setting(value))),
        names,
        ticks: names.map(name => ({
            at: at(name),
            text: name.length > 18 ? `${name.slice(0, 17)}…` : name,
        })),
    };
}

function logScale(least, high, withZero) {
    const zero = withZero ? 0.12 : 0,
        [a, b] = [Math.log10(least), Math.log10(high)];
    const place = value =>
        typeof value !== "number"
            ? null
            : value <= 0
              ? 0
              : zero + ((1 - zero) * (Math.log10(value) - a)) / (b - a);
    const decades = [];
    for (let power = Math.ceil(a - 1e-9); power <= b + 1e-9; power++) decades.push(10 ** power);
    const ends = decades.length > 1 ? decades : [least, high];
    const every = Math.ceil(ends.length / 6);
    return {
        place,
        log: true,
        value: at =>
            at < zero / 2 ? 0 : 10 ** (a + (Math.max(0, at - zero) / (1 - zero)) * (b - a)),
        ticks: [
            ...(withZero ? [{ at: 0, text: "0" }] : []),
            ...ends
                .filter((_, i) => i % every === 0)
                .map(value => ({ at: place(value), text: format.tick(value) })),
        ],
    };
}

function niceTicks(low, high) {
    const rough = (high - low) / 5,
        power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find(factor => factor * power >= rough) * power;
    const ticks = [];
    for (
        let value = Math.ceil(low / step - 1e-9) * step;
        value <= high + step * 1e-9;
        value += step
    )
        ticks.push(value);
    return ticks;
}
