"""D1 in Brian2, standalone C++, float64: `python with_brian2.py d1-400.npz SECONDS REPETITIONS`.

Needs brian2 2.9 with numpy below 2.4 on Python 3.11, and g++. Prints one JSON line. CPU time is
that of the compiled program alone, start and building left out; rates leave 0.2 s out.
"""

import json
import resource
import sys
import tempfile

import brian2 as b2
import numpy as np
from brian2 import Hz, ms, mV, nS, pA, pF, second

EXCITE = "ampa_post += {w}*nS; decay_post += {w}*nS; rise_post += {w}*nS"
NMDA = "(decay - rise) / (1 + exp(-0.062*v/mV) / 3.57)"
SYNAPSES = """
dampa/dt = -ampa/(2*ms) : siemens
ddecay/dt = -decay/(80*ms) : siemens
drise/dt = -rise/(2*ms) : siemens
dgaba/dt = -gaba/(8*ms) : siemens
"""


def build(path: str) -> tuple[b2.Network, b2.SpikeMonitor, b2.SpikeMonitor, int, int]:
    held = np.load(path)
    n, n_inter = int(held["n_pyr"]), int(held["n_pv"] + held["n_sst"])
    source, target, way, delay = (held[k] for k in ("source", "target", "pathway", "delay"))
    branch = b2.NeuronGroup(
        6 * n,
        f"dv/dt = (2*nS*(-70*mV - v) - 8*nS*(v - soma_v) - (ampa + {NMDA})*v"
        " + gaba*(-75*mV - v)) / (30*pF) : volt\nsoma_v : volt (linked)\n" + SYNAPSES,
        method="euler",
    )
    soma = b2.NeuronGroup(
        n,
        "dv/dt = (10*nS*(-70*mV - v) + axial + gaba*(-75*mV - v) - w) / (150*pF)"
        """ : volt (unless refractory)
        dw/dt = -w/(100*ms) : amp
        dgaba/dt = -gaba/(8*ms) : siemens
        axial : amp""",
        threshold="v >= -50*mV", reset="v = -60*mV; w += 20*pA", refractory=2 * ms, method="euler",
    )  # fmt: skip
    inter = b2.NeuronGroup(
        n_inter,
        f"dv/dt = (10*nS*(-68*mV - v) - (ampa + {NMDA})*v + gaba*(-75*mV - v)) / (100*pF)"
        " : volt (unless refractory)\n" + SYNAPSES,
        threshold="v >= -50*mV", reset="v = -60*mV", refractory=1 * ms, method="euler",
    )  # fmt: skip
    cell = np.tile(np.arange(n), 6)
    branch.soma_v = b2.linked_var(soma, "v", index=cell)
    branch.v = "-70*mV + 5*mV*rand()"
    soma.v = "-70*mV + 5*mV*rand()"
    inter.v = "-70*mV + 5*mV*rand()"
    axial = b2.Synapses(branch, soma, "axial_post = 8*nS*(v_pre - v_post) : amp (summed)")
    axial.connect(i=np.arange(6 * n), j=cell)
    objects = [branch, soma, inter, axial]

    def connect(which, pre, post, first, shift, action):
        here = way == which
        synapses = b2.Synapses(pre, post, on_pre=action)
        synapses.connect(i=source[here] - first, j=target[here] - shift)
        synapses.delay = delay[here] * 0.1 * ms
        objects.append(synapses)

    connect(0, soma, branch, 0, 0, EXCITE.format(w=0.2))
    connect(1, soma, inter, 0, 7 * n, EXCITE.format(w=0.15))
    connect(2, inter, soma, n, 6 * n, "gaba_post += 0.8*nS")
    connect(3, inter, branch, n, 0, "gaba_post += 0.4*nS")
    connect(4, inter, inter, n, 7 * n, "gaba_post += 0.5*nS")
    for group, rate_hz, weight in ((branch, 300, 0.42), (inter, 1200, 0.25)):
        noise = b2.PoissonGroup(len(group), rate_hz * Hz)
        onto = b2.Synapses(noise, group, on_pre=EXCITE.format(w=weight))
        onto.connect(j="i")
        objects += [noise, onto]
    monitors = [b2.SpikeMonitor(soma), b2.SpikeMonitor(inter)]
    return b2.Network(*objects, *monitors), *monitors, n, n_inter


def main() -> None:
    path, seconds, repetitions = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    folder = tempfile.mkdtemp()
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-march=native", "-ffast-math"]
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    b2.set_device("cpp_standalone", build_on_run=False, directory=folder)
    b2.defaultclock.dt = 0.1 * ms
    network, pyr, inter, n, n_inter = build(path)
    network.run((seconds + 0.2) * second, namespace={})
    b2.device.build(run=False, compile=True, directory=folder)
    took, rates = [], []
    for _ in range(repetitions):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        b2.device.run(with_output=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime - before.ru_utime)
        rates.append([(m.t / second > 0.2).sum() / seconds / k
                      for m, k in ((pyr, n), (inter, n_inter))])  # fmt: skip
    pyr_hz, inter_hz = np.mean(rates, axis=0)
    print(json.dumps({"cpu_s_per_bio_s": min(took) / (seconds + 0.2), "pyr_hz": pyr_hz,
                      "interneuron_hz": inter_hz}))  # fmt: skip


_UNITS = (Hz, mV, nS, pA, pF)  # named in the equations
if __name__ == "__main__":
    main()
