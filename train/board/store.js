/*
 * What all parts of the page share: the runs, which of them are chosen, the filter, the color's
 * meaning. Whoever shows something registers with `on` and is told what changed: "data", "chosen",
 * "filter", "color" (or "look": light and dark).
 *
 *     store.merge(reply);                  // everything, or what changed since
 *     store.on(changes => { if (changes.has("chosen")) redraw(); });
 */
const store = (() => {
    const runs = new Map(); /* by id, in order of arrival */
    const watchers = [];
    const WHOLE = ["title", "made", "live", "generation", "keys", "bands", "steps", "sweep"];
    let byHand = false; /* somebody has chosen */
    let pending = null;
    let visible = null; /* the runs that pass the filter; null: to be found again */

    const self = {
        title: "",
        made: "",
        live: false,
        generation: 0,
        keys: [],
        bands: [],
        steps: [],
        sweep: null,
        chosen: new Set() /* ids, in order of choice */,
        filter: { text: "", passes: () => true, error: "" },
        color: "" /* "": chosen ones; else the name of a measure or key */,
        axis: "epoch",

        on(watcher) {
            watchers.push(watcher);
        },

        /* Told before the next picture, at once for all that changed until then. */
        changed(what) {
            if (what === "data" || what === "filter") visible = null;
            if (pending) {
                pending.add(what);
                return;
            }
            pending = new Set([what]);
            requestAnimationFrame(self.tell);
        },
        tell() {
            const changes = pending;
            pending = null;
            if (changes) watchers.forEach(watcher => watcher(changes));
        },

        get runs() {
            return runs;
        },
        get visible() {
            visible ||= [...runs.values()].filter(self.filter.passes);
            return visible;
        },
        get chosenRuns() {
            return [...self.chosen].map(id => runs.get(id)).filter(run => run);
        },

        choose(id, on = !self.chosen.has(id)) {
            byHand = true;
            if (on) self.chosen.add(id);
            else self.chosen.delete(id);
            self.changed("chosen");
        },
        chooseOnly(ids) {
            byHand = true;
            self.chosen = new Set(ids);
            self.changed("chosen");
        },
        setFilter(text) {
            self.filter = parseFilter(text);
            self.changed("filter");
        },

        /* A reply holds everything but runs whole, of runs those that changed, or with `all` every
         * one. Settings are those of the reply that a run came with. */
        merge(reply) {
            const names = self.chosenRuns.map(run => run.name);
            for (const name of WHOLE) if (reply[name] !== undefined) self[name] = reply[name];
            if (reply.all) runs.clear(); /* a server that began anew: ids may mean other runs */
            for (const run of reply.runs || []) {
                run.base = reply.base || {};
                run.name = String(run.name);
                run.config ||= {};
                runs.set(run.id, run);
            }
            if (reply.all) chooseNamed(names);
            if (!byHand) chooseFirst();
            self.filter = parseFilter(self.filter.text); /* keys may be new */
            self.changed("data");
        },

        setting(run, key) {
            const settings = Object.hasOwn(run.config, key) ? run.config : run.base;
            return Object.hasOwn(settings, key) ? settings[key] : undefined;
        },
        configKeys(run) {
            return [...new Set([...Object.keys(run.base), ...Object.keys(run.config)])];
        },
    };

    function chooseNamed(names) {
        const named = [...runs.values()].filter(run => names.includes(run.name));
        self.chosen = new Set(named.map(run => run.id));
    }

    /* All where they can be told apart, else the best that there were at first. */
    function chooseFirst() {
        const all = [...runs.values()];
        if (all.length > 6 && self.chosen.size) return;
        const best = all
            .filter(run => run.best_top1 != null)
            .sort((a, b) => b.best_top1 - a.best_top1);
        const first = all.length <= 6 ? all : (best.length ? best : all).slice(0, 4);
        self.chosen = new Set(first.map(run => run.id));
    }
    return self;
})();

/* What a run can be sorted, filtered and colored by, beside its settings. */
const measures = [
    {
        name: "best_top1",
        label: "best top-1",
        write: format.share,
        of: run => run.best_top1,
        best: "high",
    },
    {
        name: "last_top1",
        label: "last top-1",
        write: format.share,
        of: run => run.last_top1,
        best: "high",
    },
    {
        name: "gap",
        label: "gap",
        write: format.points,
        of: run => {
            const last = list.last(
                run.epochs && list.difference(run.epochs.train_top1, run.epochs.eval_top1)
            );
            return last;
        },
        title: "training less validation top-1 at the end, in points",
    },
    {
        name: "train_loss",
        label: "train loss",
        write: format.number,
        best: "low",
        of: run =>
            list.last(run.epochs && run.epochs.train_loss) ?? list.last(run.mean && run.mean.loss),
    },
    {
        name: "eval_loss",
        label: "val. loss",
        write: format.number,
        best: "low",
        of: run => list.last(run.epochs && run.epochs.eval_loss),
    },
    {
        name: "epochs",
        label: "epochs",
        write: format.number,
        of: run => list.last(run.epochs && run.epochs.epoch),
    },
    {
        name: "best_epoch",
        label: "best at",
        write: format.number,
        of: run => run.best_epoch,
        title: "the epoch of the best top-1",
    },
    { name: "seconds", label: "time", write: format.duration, of: run => run.seconds },
    {
        name: "images_per_second",
        label: "images/s",
        write: format.number,
        of: run => run.images_per_second,
    },
];

/* A measure, or a setting by its dotted key. */
function column(name) {
    return (
        measures.find(measure => measure.name === name) || {
            name,
            label: name,
            write: format.setting,
            of: run => store.setting(run, name),
            setting: true,
        }
    );
}
