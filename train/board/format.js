/* How numbers and settings are written. */
const format = {
    number(x) {
        if (x == null || !Number.isFinite(x)) return "–";
        if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e6))
            return x
                .toExponential(2)
                .replace(/\.?0+e/, "e")
                .replace("e+", "e");
        return String(Number(x.toPrecision(4)));
    },
    tick(x) {
        return x == null
            ? null
            : Math.abs(x) >= 1e6 || (x && Math.abs(x) < 1e-3)
              ? format.number(x)
              : String(Number(x.toPrecision(6)));
    },
    share(x) {
        return x == null ? "–" : `${(100 * x).toFixed(2)} %`;
    },
    points(x) {
        return x == null ? "–" : `${x > 0 ? "+" : ""}${(100 * x).toFixed(1)}`;
    },
    duration(seconds) {
        if (seconds == null) return "–";
        if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
        if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
        return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
    },
    setting(value) {
        if (value == null) return "–";
        if (typeof value === "number") return format.number(value);
        return typeof value === "object" ? JSON.stringify(value) : String(value);
    },
    count(n, one, many) {
        return `${n.toLocaleString("en-US")} ${n === 1 ? one : many || `${one}s`}`;
    },
};

/* Lists with holes (null: not known). */
const list = {
    last(values) {
        for (let i = values ? values.length - 1 : -1; i >= 0; i--)
            if (values[i] != null) return values[i];
        return null;
    },
    extent(values) {
        let low = Infinity,
            high = -Infinity;
        for (const value of values || [])
            if (value != null) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        return low <= high ? [low, high] : null;
    },
    difference(a, b) {
        return a && b ? a.map((x, i) => (x == null || b[i] == null ? null : x - b[i])) : null;
    },
};
