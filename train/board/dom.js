"use strict";
/*
 * Elements of the page are made here. What comes from a run (names, notes, settings) only ever
 * becomes a text node or an attribute's value, never markup.
 *
 *     el("button", { class: "chip", onclick: () => store.choose(3) }, "trials/0003")
 */
function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (value === true) element.setAttribute(name, "");
        else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.flat().filter(child => child != null));
    return element;
}

/*
 * Fill `element` with what `make` returns, unless it was filled for the same `what` before: then
 * focus and whatever is open stay as they are.
 */
const fillNew = (() => {
    const known = new WeakMap();
    return (element, what, make) => {
        const key = JSON.stringify(what);
        if (known.get(element) === key) return;
        known.set(element, key);
        element.replaceChildren(...make().filter(child => child != null));
    };
})();

/* Where a run's link leads: below the page or to http(s), as a browser reads it; anything else
 * ("javascript:") is only its text. */
function link(text, href) {
    let scheme = "";
    try {
        scheme = new URL(String(href), "http://page.invalid/").protocol;
    } catch {
        /* no address at all */
    }
    if (!/^https?:$/.test(scheme)) return el("span", {}, text);
    return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

/* A canvas of so many CSS pixels, sharp on the screen at hand. */
function sizeCanvas(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
}

/* A value of the style sheet, so that canvases wear the page's colors. */
function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/*
 * Draws only what can be seen: `draw` is called when `element` is near the window and something
 * changed since.
 *
 *     const drawing = lazy(host, () => chart.draw());
 *     drawing.again();
 */
const lazy = (() => {
    const drawings = new Map();
    const run = drawing => {
        if (drawing.near && drawing.stale) {
            drawing.stale = false;
            drawing.draw();
        }
    };
    const observer = new IntersectionObserver(
        entries => {
            for (const entry of entries) {
                const drawing = drawings.get(entry.target);
                if (drawing && !entry.target.isConnected) drawing.forget();
                else if (drawing) {
                    drawing.near = entry.isIntersecting;
                    run(drawing);
                }
            }
        },
        { rootMargin: "200px" }
    );
    const all = () => drawings.forEach(drawing => drawing.again());
    let width = window.innerWidth;
    window.addEventListener("resize", () => {
        if (width !== window.innerWidth) {
            width = window.innerWidth;
            all();
        }
    });
    window.addEventListener("beforeprint", () =>
        drawings.forEach(drawing => {
            drawing.near = true;
            run(drawing);
        })
    );
    const make = (element, draw) => {
        const drawing = { draw, near: false, stale: true };
        drawing.again = () => {
            drawing.stale = true;
            run(drawing);
        };
        drawing.forget = () => {
            observer.unobserve(element);
            drawings.delete(element);
        };
        drawings.set(element, drawing);
        observer.observe(element);
        return drawing;
    };
    return make;
})();

/* One tooltip for all charts; `lines` are texts, the place is the window's. */
const tooltip = (() => {
    const box = el("div", { id: "tooltip", role: "status", hidden: true });
    return {
        show(x, y, lines) {
            if (!box.isConnected) document.body.append(box);
            box.replaceChildren(...lines.map(line => el("div", {}, line)));
            box.hidden = false;
            const left =
                x + 14 + box.offsetWidth > window.innerWidth ? x - 14 - box.offsetWidth : x + 14;
            box.style.left = `${Math.max(2, left)}px`;
            box.style.top = `${Math.min(y + 14, window.innerHeight - box.offsetHeight - 2)}px`;
        },
        hide() {
            box.hidden = true;
        },
    };
})();
