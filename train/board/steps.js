/*
 * The recipe's steps in the order in which they happened, each PASS or FAIL; the one that is picked
 * shows its reason, its remedy and its evidence. Steps of the recipe that did not happen yet stand
 * behind, faint.
 */
function steps(section) {
    const RECIPE = ["init", "overfit", "lr", "coarse", "refine", "curves", "refine again"];
    const row = el("ol", { class: "steps", "aria-label": "steps" });
    const detail = el("div", { class: "step-detail" });
    let picked = null,
        looked = 0; /* how often light and dark have changed: then all is drawn again */
    section.append(row, detail);

    const keyOf = step => `${step.number}-${step.step}`;

    function missing() {
        const seen = store.steps.map(step => step.step);
        if (!seen.some(name => RECIPE.includes(name))) return [];
        return RECIPE.filter(name =>
            name === "refine again"
                ? seen.filter(step => step === "refine").length < 2
                : !seen.includes(name)
        );
    }

    function pick(key) {
        picked = key;
        show();
    }

    function show() {
        const current = store.steps.find(step => keyOf(step) === picked);
        const coming = missing();
        const said = store.steps.map(step => [keyOf(step), step.verdict]);
        fillNew(row, [said, coming], () => [...store.steps.map(happened), ...coming.map(pending)]);
        [...row.querySelectorAll("button")].forEach((button, i) =>
            button.setAttribute("aria-pressed", String(store.steps[i] === current))
        );
        fillNew(detail, [current, looked], () => (current ? detailOf(current) : []));
    }

    function happened(step) {
        const passed = step.verdict === "PASS",
            key = keyOf(step);
        return el(
            "li",
            {},
            el(
                "button",
                { class: `step ${passed ? "pass" : "fail"}`, onclick: () => pick(key) },
                el("span", { class: "step-name" }, `${step.number} ${step.step}`),
                el("span", { class: "verdict" }, passed ? "✓ PASS" : `✗ ${step.verdict}`)
            )
        );
    }

    function pending(name) {
        return el(
            "li",
            {},
            el(
                "span",
                { class: "step pending" },
                el("span", { class: "step-name" }, name),
                el("span", { class: "verdict" }, "not yet")
            )
        );
    }

    function detailOf(step) {
        const ids = runsOf(step.runs).map(run => run.id);
        return [
            el(
                "p",
                {},
                el(
                    "b",
                    { class: step.verdict === "PASS" ? "pass-text" : "fail-text" },
                    step.verdict,
                    ": "
                ),
                String(step.reason ?? "")
            ),
            step.remedy
                ? el("p", { class: "remedy" }, el("b", {}, "What to do: "), String(step.remedy))
                : null,
            el(
                "p",
                { class: "faint" },
                [
                    step.seconds != null && format.duration(step.seconds),
                    ids.length && format.count(ids.length, "run"),
                    step.fault && step.fault !== "none" && `kind of fault: ${step.fault}`,
                ]
                    .filter(part => part)
                    .join(" · "),
                " ",
                ids.length
                    ? el(
                          "button",
                          { onclick: () => store.chooseOnly(ids) },
                          ids.length === 1 ? "Choose this run" : "Choose these runs"
                      )
                    : null
            ),
            ...evidence(step.evidence || {}),
        ].filter(part => part);
    }

    return changes => {
        section.hidden = store.steps.length === 0;
        if (changes.has("look")) looked++;
        if (picked == null || !store.steps.some(step => keyOf(step) === picked)) {
            const failed = store.steps.filter(step => step.verdict !== "PASS");
            const first = failed.length
                ? failed[failed.length - 1]
                : store.steps[store.steps.length - 1];
            picked = first ? keyOf(first) : null;
        }
        show();
    };
}
