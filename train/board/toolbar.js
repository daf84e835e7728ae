/* What holds for the whole page: filter, what colors mean, the axis of curves, light or dark. */
function toolbar({ filter, note, colors, axis, theme }) {
    let typing = 0;
    filter.addEventListener("input", () => {
        clearTimeout(typing);
        typing = setTimeout(() => store.setFilter(filter.value), store.runs.size > 100 ? 150 : 0);
    });
    document.addEventListener("keydown", event => {
        const writing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
        const escape = event.key === "Escape" && (event.target === filter || !writing);
        if (escape && !event.defaultPrevented && store.filter.text) {
            filter.value = "";
            store.setFilter("");
        }
        if (event.key === "/" && !writing) {
            filter.focus();
            event.preventDefault();
        }
    });
    colors.addEventListener("change", () => {
        store.color = colors.value;
        store.changed("color");
    });
    axis.addEventListener("change", () => {
        store.axis = axis.value;
        store.changed("axis");
    });
    const look = () => {
        if (theme.value) document.documentElement.dataset.theme = theme.value;
        else delete document.documentElement.dataset.theme;
        store.changed("look");
    };
    theme.addEventListener("change", look);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);

    function showFilter() {
        const { text, error } = store.filter;
        if (document.activeElement !== filter) filter.value = text;
        const count = text ? `${store.visible.length} of ${store.runs.size} runs` : "";
        note.textContent = error || count;
        note.classList.toggle("bad", error !== "");
    }

    function fillColors() {
        const runs = [...store.runs.values()];
        const numeric = key => runs.some(run => typeof store.setting(run, key) === "number");
        const names = ["", "best_top1", ...store.keys.filter(numeric)];
        if ([...colors.options].map(option => option.value).join() === names.join()) return;
        const option = name =>
            el("option", { value: name }, name ? column(name).label : "chosen runs");
        colors.replaceChildren(...names.map(option));
        if (!names.includes(store.color)) store.color = "";
        colors.value = store.color;
    }

    return changes => {
        if (changes.has("data")) fillColors();
        if (changes.has("data") || changes.has("filter")) showFilter();
    };
}
