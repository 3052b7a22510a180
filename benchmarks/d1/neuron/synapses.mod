COMMENT
AMPA, NMDA with magnesium, and GABA in one point process; a negative weight is inhibitory.
ENDCOMMENT
NEURON {
    POINT_PROCESS BranchSynapses
    RANGE ampa, decay, rise, gaba, left, mg_ratio, tau_decay, tau_rise, ratio, ampa_tau, i
    NONSPECIFIC_CURRENT i
}
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) }
PARAMETER {
    ampa_tau = 2 (ms)
    tau_decay = 80 (ms)
    tau_rise = 2 (ms)
    gaba_tau = 8 (ms)
    gaba_reversal = -75 (mV)
    mg_ratio = 0.2801120448
    ratio = 1
    left = 1
}
ASSIGNED { v (mV) i (nA) }
STATE { ampa (uS) decay (uS) rise (uS) gaba (uS) }
INITIAL { ampa = 0 decay = 0 rise = 0 gaba = 0 }
BREAKPOINT {
    SOLVE fall METHOD cnexp
    i = (ampa + left * (decay - rise) / (1 + mg_ratio * exp(-0.062(/mV) * v))) * v + gaba * (v - gaba_reversal)
}
DERIVATIVE fall {
    ampa' = -ampa / ampa_tau
    decay' = -decay / tau_decay
    rise' = -rise / tau_rise
    gaba' = -gaba / gaba_tau
}
NET_RECEIVE(w (uS)) {
    if (w > 0) {
        ampa = ampa + w
        decay = decay + ratio * w
        rise = rise + ratio * w
    } else {
        gaba = gaba - w
    }
}
