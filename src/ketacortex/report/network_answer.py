"""The functional network of recordings as the answer that the command line prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ketacortex.analyse.findings import write_csv
from ketacortex.analyse.network import NetworkFindings, graphs_against_null
from ketacortex.analyse.population import compare_animals, json_rows
from ketacortex.recording.recording import Recording


def network_answer(
    recordings: list[tuple[str, Recording]],
    networks: list[NetworkFindings],
    claims: Mapping[str, tuple[str, str]],
    folder: Path | None,
) -> dict[str, Any]:
    """Links, graph measures and changes of every recording, ready for JSON.

    Parameters
    ----------
    recordings : (arm, Recording) of each
    networks : NetworkFindings of each
    claims : name of each claim, its arm and the arm it is held against
    folder : where the tables are written, None for nowhere

    Returns
    -------
    `network`, `links`, `graph`, `populations`, `changes`, `comparisons`, `not_computed`
    """
    several = len(networks) > 1
    marks = [
        {"animal": network.animal, "arm": arm} if several else {}
        for (arm, _), network in zip(recordings, networks, strict=True)
    ]
    graphs = [
        graphs_against_null(recording, network)
        for (_, recording), network in zip(recordings, networks, strict=True)
    ]
    tables = {
        "network": [network.epochs for network in networks],
        "links": [network.links for network in networks],
        "graph": graphs,
        "populations": [network.values for network in networks],  # noqa: PD011
        "changes": [network.pairs for network in networks],
    }
    joined = {
        name: pd.concat(
            [part.assign(**mark) for part, mark in zip(parts, marks, strict=True)],
            ignore_index=True,
        )
        for name, parts in tables.items()
    }
    if folder is not None:
        for name, table in joined.items():
            file = "network.csv" if name == "network" else f"network_{name}.csv"
            write_csv(table, folder / "findings" / file)
    missing = [
        {**mark, **entry}
        for network, mark in zip(networks, marks, strict=True)
        for entry in network.not_computed
    ]
    arms = [arm for arm, _ in recordings]
    compared = compare_animals(zip(arms, networks, strict=True), claims)
    return {
        **{name: json_rows(table) for name, table in joined.items()},
        "comparisons": json_rows(compared.effects),
        "not_computed": missing + compared.not_computed,
    }
