/* What a color means: a little line as those of a plot, a run's own, the ramp of a number. */
function lineKey(stroke, dash = [], width = 2) {
    const canvas = el("canvas", { class: "swatch", "aria-hidden": "true" });
    const context = sizeCanvas(canvas, 20, 8);
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(0, 4);
    context.lineTo(20, 4);
    context.stroke();
    return canvas;
}

function swatch(run) {
    const { stroke, dash } = color.line(run);
    return lineKey(
        stroke,
        dash.map(length => 0.7 * length),
        3
    );
}

function rampOf({ label, write, low, high }) {
    const canvas = el("canvas", { "aria-hidden": "true" });
    const context = sizeCanvas(canvas, 120, 10);
    for (let i = 0; i < 120; i++) {
        context.fillStyle = color.ramp(i / 119);
        context.fillRect(i, 0, 1, 10);
    }
    return el("span", { class: "ramp" }, `${label} ${write(low)} `, canvas, ` ${write(high)}`);
}
