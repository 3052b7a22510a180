"""A correlogram beside its exact null, the links of a network, and its graph beside chance.

Thirty cells whose rates rise and fall together; those of a group hear the same input, and one makes
another fire 2 ms later. What the gain alone explains is drawn with each correlogram.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ketacortex.analyse.correlograms import correlograms, lag_bins
from ketacortex.analyse.graph_against_null import against_null
from ketacortex.analyse.graph_nulls import degree_preserving
from ketacortex.analyse.interval_jitter import (
    jittered_mean,
    jittered_variance,
    neighbour_products,
    ranges_of_bins,
    window_products,
)
from ketacortex.analyse.links import find_links, link_graph
from ketacortex.analyse.pair_tests import ask_pairs
from ketacortex.analyse.spike_stream import stream_of_trains

N_GROUPS, N_IN_GROUP = 5, 6
DURATION_S, STEP_S = 600.0, 0.25
RATE_HZ, SOURCE_HZ = 5.0, 8.0
HEARD, TRANSMITTED = 0.15, 0.06
MAX_LAG_MS = 20.0


def trains_s(rng):
    """A slow gain for all, a source for each group, and cell 0 that drives cell 29."""
    gain = rng.gamma(6.0, 1 / 6.0, round(DURATION_S / STEP_S))

    def fires(rate_hz):
        step = np.repeat(np.arange(len(gain)), rng.poisson(rate_hz * STEP_S * gain))
        return (step + rng.random(len(step))) * STEP_S

    cells = []
    for _ in range(N_GROUPS):
        source_s = fires(SOURCE_HZ)
        for _ in range(N_IN_GROUP):
            heard_s = source_s[rng.random(len(source_s)) < HEARD]
            late_s = rng.normal(0.0, 0.0007, len(heard_s))
            cells.append(np.concatenate([fires(RATE_HZ), heard_s + late_s]))
    sent_s = cells[0][rng.random(len(cells[0])) < TRANSMITTED]
    cells[-1] = np.concatenate([cells[-1], sent_s + rng.normal(0.002, 0.0003, len(sent_s))])
    return cells


def draw_correlogram(axes, stream, first, second, title):
    bins = lag_bins(stream, max_lag_ms=MAX_LAG_MS)
    pair = np.array([first]), np.array([second])
    lag_ms = bins.centres_ms(stream.sample_rate_hz)
    products, ranges, window = window_products(stream), ranges_of_bins(bins), stream.window_samples
    mean = jittered_mean(products, ranges, window, *pair)[0]
    variance = jittered_variance(products, neighbour_products(stream), ranges, window, *pair)[0]
    counts = correlograms(stream, max_lag_ms=MAX_LAG_MS)[first, second]
    axes.bar(lag_ms, counts, width=1.0, color="0.75")
    axes.plot(lag_ms, mean, color="C3", label="exact null")
    spread = 2.0 * np.sqrt(variance)
    axes.fill_between(lag_ms, mean - spread, mean + spread, color="C3", alpha=0.3, lw=0)
    axes.set(title=title, xlabel=f"cell {second} after cell {first} (ms)", ylabel="spike pairs")
    axes.legend(frameon=False)


def draw_graph(axes, table):
    shown = table.set_index("measure").loc[
        ["clustering", "modularity", "reciprocity", "efficiency"]
    ]
    place = np.arange(len(shown))
    axes.vlines(place, shown["null_low"], shown["null_high"], color="C3", lw=6, alpha=0.4)
    axes.plot(place, shown["null_mean"], "_", color="C3", ms=14, label="graphs of equal degrees")
    axes.plot(place, shown["value"], "o", color="black", label="found")
    axes.set_xticks(place, shown.index)
    axes.set(title="graph", ylim=(0.0, 1.35))
    axes.legend(frameon=False)


def main():
    rng = np.random.default_rng(0)
    stream = stream_of_trains(trains_s(rng), DURATION_S)
    tests = ask_pairs(stream)
    links = find_links(tests, np.arange(stream.n_units))
    weight = link_graph(tests)
    graph = against_null(weight, degree_preserving, 100, rng)
    print(f"{len(links)} of {len(tests.first)} pairs linked; null: {tests.null}")
    columns = ["pre", "post", "kind", "lag_ms", "strength", "transmission_probability", "q"]
    print(links[columns].head(8).to_string(index=False, float_format="{:.3g}".format))
    print(graph[["measure", "value", "null_mean", "p_value"]].to_string(index=False))
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained")
    draw_correlogram(panels[0, 0], stream, 0, 29, "one drives the other")
    draw_correlogram(panels[0, 1], stream, 0, 1, "both hear the same")
    panels[1, 0].imshow(weight, cmap="magma_r")
    panels[1, 0].set(title="strength of links", xlabel="to cell", ylabel="from cell")
    draw_graph(panels[1, 1], graph)
    figure.savefig("links_between_cells.png", dpi=120)


if __name__ == "__main__":
    main()
