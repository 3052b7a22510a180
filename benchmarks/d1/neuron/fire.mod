COMMENT
Threshold, reset held through the refractory period by a large conductance, adaptation current.
ENDCOMMENT
NEURON {
    POINT_PROCESS Fire
    RANGE v_threshold, reset, refractory, jump, tau, w, clamp, i
    NONSPECIFIC_CURRENT i
}
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) }
PARAMETER {
    v_threshold = -50 (mV)
    reset = -60 (mV)
    refractory = 2 (ms)
    jump = 0.02 (nA)
    tau = 100 (ms)
}
ASSIGNED { v (mV) i (nA) clamp (uS) }
STATE { w (nA) }
INITIAL { w = 0 clamp = 0 net_send(0, 1) }
BREAKPOINT { SOLVE fall METHOD cnexp i = w + clamp * (v - reset) }
DERIVATIVE fall { w' = -w / tau }
NET_RECEIVE(unused) {
    if (flag == 1) {
        WATCH (v > v_threshold) 2
    } else if (flag == 2) {
        net_event(t)
        net_send(refractory, 3)
        v = reset
        clamp = 100
        w = w + jump
    } else if (flag == 3) {
        v = reset
        clamp = 0
    }
}
