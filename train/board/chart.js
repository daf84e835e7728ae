/*
 * One plot: uPlot draws axes, lines and the zoom; dots and bands are drawn into its canvas under
 * the lines. Every curve has an x of its own. A zoom lasts until it is undone (double click,
 * Escape), also while new data come in.
 *
 *     const chart = new Chart(host, { title: "loss", x: "epoch", log: false, cut: true });
 *     chart.set([{ x: [1, 2], y: [2.3, 1.9], kind: "line", stroke: "#06c", label: run.name, run }]);
 */
const CAPTION_PX = 22;

class Chart {
    /* The one that a zoom is being drawn on: it is not drawn again until the mouse lets go. */
    static held = null;

    constructor(host, options) {
        this.host = host;
        this.options = { height: 240, ...options };
        this.curves = [];
        this.zoom = null; /* {x: [from, to], y: [from, to]} */
        host.classList.add("chart");
        /* Before it is drawn, too: nothing moves then. */
        host.style.minHeight = `${this.options.height + CAPTION_PX}px`;
        host.tabIndex = 0;
        host.setAttribute("role", "group");
        host.addEventListener("keydown", event => this.key(event));
        host.addEventListener("pointerdown", () => {
            Chart.held = this;
        });
        this.drawing = lazy(host, () => this.draw());
    }

    set(curves, options = {}) {
        Object.assign(this.options, options);
        const known = ({ x, y }) => (x && y ? y.reduce((n, value) => n + (value != null), 0) : 0);
        /* A line of one value would not be seen. */
        this.curves = curves
            .filter(known)
            .map(curve =>
                curve.kind === "line" && known(curve) === 1 ? { ...curve, kind: "marks" } : curve
            );
        this.drawing.again();
    }

    draw() {
        this.late = Chart.held === this;
        if (this.late) return;
        const width = this.host.clientWidth;
        if (width < 40) return;
        this.limits = chartLimits(this.curves, this.options);
        const host = el("div", { class: "plot" });
        const uplot = new uPlot(
            this.uplotOptions(width),
            [null, ...this.drawable().map(curve => [curve.x, curve.y])],
            host
        );
        if (this.uplot) this.uplot.destroy();
        this.uplot = uplot;
        const cut = this.limits.cut
            ? `values above ${format.number(this.limits.y[1])} are cut off`
            : "";
        this.host.replaceChildren(
            el(
                "div",
                { class: "caption" },
                el("b", {}, this.options.title),
                el("span", { class: "faint" }, this.curves.length ? cut : "no data yet"),
                this.options.key
            ),
            host
        );
        this.host.setAttribute("aria-label", this.describe());
        this.overlay = el("canvas", { class: "overlay" });
        uplot.over.append(this.overlay);
        uplot.over.addEventListener("mousemove", event => this.hover(event));
        uplot.over.addEventListener("mouseleave", () => this.leave());
        uplot.over.addEventListener("click", () => {
            if (this.near && this.near.curve.run && this.options.pick !== false)
                store.choose(this.near.curve.run.id);
        });
        uplot.over.addEventListener("dblclick", () => this.setZoom(null));
    }

    /* uPlot wants one curve at least. */
    drawable() {
        return this.curves.length ? this.curves : [{ x: [], y: [], kind: "line" }];
    }

    describe() {
        const { x, y } = this.limits;
        return this.curves.length === 0
            ? `${this.options.title}: no data yet`
            : `${this.options.title}: ${format.count(this.curves.length, "curve")}, ${this.options.x} ` +
                  `${format.number(x[0])} to ${format.number(x[1])}, values ${format.number(y[0])} to ${format.number(y[1])}. ` +
                  "Arrow keys move, plus and minus zoom, Escape shows all.";
    }

    uplotOptions(width) {
        const { share, log, logX } = this.options,
            faint = css("--faint"),
            grid = { stroke: css("--grid"), width: 1 };
        const [x, y] = this.zoom ? [this.zoom.x, this.zoom.y] : [this.limits.x, this.limits.y];
        /* A little room, so that marks at the ends are whole. */
        const factor = this.zoom ? 1 : (x[1] / x[0]) ** 0.02,
            pad = this.zoom ? 0 : 0.01 * (x[1] - x[0]);
        const range = logX ? [x[0] / factor, x[1] * factor] : [x[0] - pad, x[1] + pad];
        const incrs = [];
        for (let power = -9; power < 10; power++)
            incrs.push(...[1, 2, 5].map(digit => Number(`${digit}e${power}`)));
        const axis = {
            stroke: faint,
            grid,
            ticks: { ...grid, size: 4 },
            font: "11px system-ui, sans-serif",
            gap: 4,
        };
        const isDecade = value =>
            Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;
        const decades = (u, values) => values.map(value => (isDecade(value) ? value : null));
        const wide = logX && range[1] / range[0] > 30; /* labels at decades alone */
        const write = (u, values) =>
            values.map(value => format.tick(value == null || !share ? value : 100 * value));
        return {
            width,
            height: this.options.height,
            mode: 2,
            legend: { show: false },
            cursor: {
                points: { show: false },
                dataIdx: () => null,
                bind: { dblclick: () => null },
                drag: { x: true, y: true, uni: 24, setScale: false },
            },
            scales: {
                x: { time: false, distr: logX ? 3 : 1, range },
                y: { distr: log ? 3 : 1, range: y },
            },
            axes: [
                {
                    ...axis,
                    size: 34,
                    ...(logX ? { grid: { ...grid, filter: decades } } : { incrs }),
                    label: this.options.x,
                    labelSize: 14,
                    labelGap: -2,
                    labelFont: "11px system-ui, sans-serif",
                    values: (u, values) => (wide ? decades(u, values) : values).map(format.tick),
                },
                {
                    ...axis,
                    size: (u, texts) =>
                        Math.max(
                            46,
                            14 + 6.5 * Math.max(...(texts || [""]).map(text => (text || "").length))
                        ),
                    space: 26,
                    ...(log ? {} : { incrs }),
                    values: write,
                },
            ],
            series: [null, ...this.drawable().map(curve => this.seriesOf(curve))],
            hooks: { setSelect: [u => this.selected(u)] },
        };
    }

    seriesOf(curve) {
        const paths = { dots: drawDots, band: drawBand, marks: drawMarks }[curve.kind];
        return {
            stroke: curve.stroke,
            width: curve.width || 1.5,
            dash: curve.dash || [],
            alpha: curve.alpha ?? 1,
            spanGaps: true,
            points: { show: false },
            pxAlign: 0,
            auto: false,
            paths: paths ? (u, i) => paths(u, u.data[i], curve) : uPlot.paths.linear(),
        };
    }

    selected(u) {
        const { left, top, width, height } = u.select;
        if (width < 4 && height < 4) return;
        const whole = height < 4 || height >= u.over.clientHeight - 1;
        const wholeX = width < 4 || width >= u.over.clientWidth - 1;
        const now = { x: [u.scales.x.min, u.scales.x.max], y: [u.scales.y.min, u.scales.y.max] };
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        this.setZoom({
            x: wholeX ? now.x : [u.posToVal(left, "x"), u.posToVal(left + width, "x")],
            y: whole ? now.y : [u.posToVal(top + height, "y"), u.posToVal(top, "y")],
        });
    }

    setZoom(zoom) {
        this.zoom = zoom;
        Chart.held = null;
        this.draw();
    }

    key(event) {
        const moves = {
            ArrowLeft: [-0.2, 1],
            ArrowRight: [0.2, 1],
            "+": [0, 0.7],
            "=": [0, 0.7],
            "-": [0, 1 / 0.7],
        };
        if ((event.key === "Escape" || event.key === "0") && this.zoom) {
            this.setZoom(null);
            event.preventDefault();
        }
        const move = moves[event.key];
        if (
            !move ||
            !this.uplot ||
            event.ctrlKey ||
            event.metaKey ||
            event.altKey ||
            event.target !== this.host
        )
            return;
        event.preventDefault();
        const [shift, factor] = move,
            { x, y } = this.zoom || this.limits;
        const [from, to] = this.options.logX ? x.map(Math.log) : x;
        const middle = (from + to) / 2 + shift * (to - from),
            half = ((to - from) / 2) * factor;
        const wanted = [middle - half, middle + half];
        this.setZoom({ x: this.options.logX ? wanted.map(Math.exp) : wanted, y });
    }

    /* The curve's point that is nearest to the mouse, at most 30 pixels away. */
    hover(event) {
        const u = this.uplot,
            box = u.over.getBoundingClientRect();
        const mouse = [event.clientX - box.left, event.clientY - box.top];
        const reach = [-30, 30].map(d => u.posToVal(mouse[0] + d, "x"));
        let best = null,
            least = 30 * 30;
        for (const curve of this.curves) {
            if (!curve.label) continue;
            for (
                let i = firstAtLeast(curve.x, reach[0]);
                i < curve.x.length && curve.x[i] <= reach[1];
                i++
            ) {
                if (curve.y[i] == null) continue;
                const dx = u.valToPos(curve.x[i], "x") - mouse[0],
                    dy = u.valToPos(curve.y[i], "y") - mouse[1];
                /* Chosen runs win over faint ones that lie as near. */
                const distance = (dx * dx + dy * dy) * (curve.front ? 0.7 : 1);
                if (distance < least) {
                    least = distance;
                    best = { curve, i };
                }
            }
        }
        this.near = best;
        if (!best) {
            this.leave();
            return;
        }
        const { curve, i } = best,
            value = curve.y[i];
        tooltip.show(event.clientX, event.clientY, [
            curve.label,
            `${this.options.x} ${format.number(curve.x[i])}: ` +
                `${this.options.share ? format.share(value) : format.number(value)}`,
            ...(curve.more ? curve.more(i) : []),
        ]);
        this.highlight(curve, i);
    }

    leave() {
        this.near = null;
        tooltip.hide();
        if (this.overlay) this.overlay.hidden = true;
    }

    highlight(curve, i) {
        const u = this.uplot;
        const context = sizeCanvas(this.overlay, u.over.clientWidth, u.over.clientHeight);
        this.overlay.hidden = false;
        context.strokeStyle = context.fillStyle = css("--ink");
        context.lineWidth = 1.5;
        if (curve.kind !== "dots" && curve.kind !== "marks") {
            context.beginPath();
            for (let k = 0; k < curve.x.length; k++)
                if (curve.y[k] != null)
                    context.lineTo(u.valToPos(curve.x[k], "x"), u.valToPos(curve.y[k], "y"));
            context.stroke();
        }
        context.beginPath();
        context.arc(u.valToPos(curve.x[i], "x"), u.valToPos(curve.y[i], "y"), 4, 0, 7);
        context.fill();
    }

    close() {
        this.drawing.forget();
        if (this.uplot) this.uplot.destroy();
    }
}

window.addEventListener("pointerup", () => {
    const chart = Chart.held;
    Chart.held = null;
    if (chart && chart.late) chart.draw();
});

/* x ascends. */
function firstAtLeast(x, value) {
    let low = 0,
        high = x.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (x[middle] < value) low = middle + 1;
        else high = middle;
    }
    return low;
}
