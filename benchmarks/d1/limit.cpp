// The practical limit for D1: one thread, float32, the same polynomial exponential as our kernel.
//
//   g++ -O3 -march=native -ffast-math -fopenmp-simd limit.cpp -o limit
//   ./limit d1-400.bin SECONDS REPETITIONS [SEED]
//
// -fopenmp-simd matters: without it the simd pragmas are ignored and gcc 12 gives up on the pointers
// that might overlap, which is five times slower. Prints one JSON line.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {
constexpr float dt = 0.1f;                                           // ms
constexpr float branch_pf = 30, branch_leak = 2, coupling = 8, rest = -70, gaba_mv = -75;
constexpr float soma_pf = 150, soma_leak = 10, threshold = -50, reset = -60, jump_pa = 20;
constexpr float inter_pf = 100, inter_leak = 10, inter_rest = -68;
constexpr float pathway_ns[] = {0.2f, 0.15f, 0.8f, 0.4f, 0.5f};
constexpr float branch_ns = 0.42f, inter_ns = 0.25f;
constexpr double branch_hz = 300, inter_hz = 1200;
constexpr int n_branch = 6, pyr_refractory = 20, inter_refractory = 10, first_delay = 10,
              n_delay = 10, n_slot = 20;

double cpu_s() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

struct Random {
  uint64_t state;
  uint32_t next() {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return uint32_t(state >> 32);
  }
};

// Poisson counts by inversion, in portions whose exp(-mean) does not underflow.
struct Poisson {
  std::vector<double> cumulative;
  int portions;
  explicit Poisson(double mean) : portions(1 + int(mean / 400)) {
    mean /= portions;
    double p = std::exp(-mean), sum = p;
    cumulative.push_back(sum);
    for (int k = 1; k < mean + 12 * std::sqrt(mean) + 20; k++) {
      p *= mean / k;
      sum += p;
      cumulative.push_back(sum);
    }
  }
  int draw(Random &random) const {
    int n = 0;
    for (int i = 0; i < portions; i++) {
      const double u = (random.next() + 0.5) / 4294967296.0;
      int low = 0, high = int(cumulative.size());
      while (low < high) {
        const int middle = (low + high) / 2;
        if (cumulative[middle] <= u) low = middle + 1;
        else high = middle;
      }
      n += low;
    }
    return n;
  }
};

inline float free_of_magnesium(float v) {
  float y = -0.062f * 0.125f * v;
  y = y < -0.75f ? -0.75f : (y > 0.75f ? 0.75f : y);
  float e = 1 + y * (1 + y * (0.5f + y * (1 / 6.f + y * (1 / 24.f + y * (1 / 120.f + y / 720)))));
  e *= e, e *= e, e *= e;
  return 1 / (1 + e / 3.57f);
}

struct Net {
  int n_pyr, n_inter, n_synapse;
  std::vector<int> pointer, target, pathway;
};

Net load(const char *path) {
  FILE *file = std::fopen(path, "rb");
  int head[4];
  if (!file || std::fread(head, 4, 4, file) != 4) std::exit(1);
  Net net{head[0], head[1] + head[2], head[3], {}, {}, {}};
  net.pointer.resize(size_t(net.n_pyr + net.n_inter) * n_delay + 1);
  net.target.resize(net.n_synapse), net.pathway.resize(net.n_synapse);
  for (auto *part : {&net.pointer, &net.target, &net.pathway})
    if (std::fread(part->data(), 4, part->size(), file) != part->size()) std::exit(1);
  std::fclose(file);
  return net;
}

struct Cortex {
  const Net &net;
  int n, n_inter, n_compartment;
  std::vector<float> v, ampa, decay, rise, gaba, adaptation, axial;
  std::vector<int> refractory, spiked;
  std::vector<std::vector<int>> ring;
  Random random;
  Poisson branch_events, inter_events;
  long pyr_spikes = 0, inter_spikes = 0;

  Cortex(const Net &net, int seed)
      : net(net), n(net.n_pyr), n_inter(net.n_inter), n_compartment(7 * n + n_inter),
        v(n_compartment), ampa(n_compartment), decay(n_compartment), rise(n_compartment),
        gaba(n_compartment), adaptation(n), axial(n), refractory(n + n_inter),
        spiked(n + n_inter), ring(n_slot), random{0x9E3779B97F4A7C15ull * (seed + 1) + 1},
        branch_events(n * n_branch * branch_hz * dt * 1e-3),
        inter_events(n_inter * inter_hz * dt * 1e-3) {
    for (float &x : v) x = rest + 5 * (random.next() * 2.3283e-10f);
  }

  void excite(int k, float w) { ampa[k] += w, decay[k] += w, rise[k] += w; }

  void step(long now) {
    const float keep_ampa = std::exp(-dt / 2), keep_decay = std::exp(-dt / 80),
                keep_rise = std::exp(-dt / 2), keep_gaba = std::exp(-dt / 8),
                keep_adaptation = std::exp(-dt / 100);
    for (int late = 0; late < n_delay && now >= first_delay + late; late++)
      for (int source : ring[(now - first_delay - late) % n_slot]) {
        const int row = source * n_delay + late;
        for (int j = net.pointer[row]; j < net.pointer[row + 1]; j++) {
          const int way = net.pathway[j];
          if (way < 2) excite(net.target[j], pathway_ns[way]);
          else gaba[net.target[j]] += pathway_ns[way];
        }
      }
    for (int k = branch_events.draw(random); k > 0; k--)
      excite(int((uint64_t(random.next()) * uint64_t(n * n_branch)) >> 32), branch_ns);
    for (int k = inter_events.draw(random); k > 0; k--)
      excite(7 * n + int((uint64_t(random.next()) * uint64_t(n_inter)) >> 32), inter_ns);

    float *__restrict into = axial.data();
    const float *__restrict vs = &v[6 * n];
    for (int i = 0; i < n; i++) into[i] = 0;
    for (int b = 0; b < n_branch; b++) {
      float *__restrict x = &v[b * n], *__restrict a = &ampa[b * n], *__restrict d = &decay[b * n],
                        *__restrict r = &rise[b * n], *__restrict g = &gaba[b * n];
#pragma omp simd
      for (int i = 0; i < n; i++) {
        const float through = coupling * (x[i] - vs[i]);
        into[i] += through;
        const float excitation = a[i] + (d[i] - r[i]) * free_of_magnesium(x[i]);
        x[i] += dt / branch_pf * (branch_leak * (rest - x[i]) - through - excitation * x[i] +
                                  g[i] * (gaba_mv - x[i]));
        a[i] *= keep_ampa, d[i] *= keep_decay, r[i] *= keep_rise, g[i] *= keep_gaba;
      }
    }
    {
      float *__restrict x = &v[6 * n], *__restrict g = &gaba[6 * n], *__restrict w = adaptation.data();
      int *__restrict left = refractory.data(), *__restrict fired = spiked.data();
#pragma omp simd
      for (int i = 0; i < n; i++) {
        float y = x[i] + dt / soma_pf * (soma_leak * (rest - x[i]) + into[i] +
                                         g[i] * (gaba_mv - x[i]) - w[i]);
        y = left[i] > 0 ? reset : y;
        const int fires = y >= threshold;
        x[i] = fires ? reset : y;
        w[i] = w[i] * keep_adaptation + (fires ? jump_pa : 0.f);
        left[i] = fires ? pyr_refractory : (left[i] > 0 ? left[i] - 1 : 0);
        fired[i] = fires;
        g[i] *= keep_gaba;
      }
    }
    {
      const int o = 7 * n;
      float *__restrict x = &v[o], *__restrict a = &ampa[o], *__restrict d = &decay[o],
                        *__restrict r = &rise[o], *__restrict g = &gaba[o];
      int *__restrict left = &refractory[n], *__restrict fired = &spiked[n];
#pragma omp simd
      for (int i = 0; i < n_inter; i++) {
        const float excitation = a[i] + (d[i] - r[i]) * free_of_magnesium(x[i]);
        float y = x[i] + dt / inter_pf * (inter_leak * (inter_rest - x[i]) - excitation * x[i] +
                                          g[i] * (gaba_mv - x[i]));
        y = left[i] > 0 ? reset : y;
        const int fires = y >= threshold;
        x[i] = fires ? reset : y;
        left[i] = fires ? inter_refractory : (left[i] > 0 ? left[i] - 1 : 0);
        fired[i] = fires;
        a[i] *= keep_ampa, d[i] *= keep_decay, r[i] *= keep_rise, g[i] *= keep_gaba;
      }
    }
    auto &cells = ring[now % n_slot];
    cells.clear();
    for (int i = 0; i < n + n_inter; i++)
      if (spiked[i]) {
        cells.push_back(i);
        (i < n ? pyr_spikes : inter_spikes)++;
      }
  }
};
} // namespace

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const Net net = load(argv[1]);
  const double seconds = std::atof(argv[2]);
  const int repetitions = std::atoi(argv[3]), seed = argc > 4 ? std::atoi(argv[4]) : 1;
  const long n_steps = std::lround(seconds * 1e4), warm = 2000;
  double best = 1e9, pyr = 0, inter = 0;
  for (int r = 0; r < repetitions; r++) {
    Cortex cortex(net, seed + r);
    for (long k = 0; k < warm; k++) cortex.step(k);
    cortex.pyr_spikes = cortex.inter_spikes = 0;
    const double began = cpu_s();
    for (long k = warm; k < warm + n_steps; k++) cortex.step(k);
    const double took = (cpu_s() - began) / seconds;
    best = took < best ? took : best;
    pyr += cortex.pyr_spikes / seconds / net.n_pyr / repetitions;
    inter += cortex.inter_spikes / seconds / net.n_inter / repetitions;
  }
  std::printf("{\"cpu_s_per_bio_s\": %.6f, \"pyr_hz\": %.3f, \"interneuron_hz\": %.3f}\n", best, pyr, inter);
}
