"""Writes golden.json: what SciPy, statsmodels, scikit-posthocs and scikit-learn say about the same numbers.

Run with scipy 1.17, statsmodels 0.15, scikit-posthocs 0.17 and scikit-learn 1.9: python make_golden.py
"""

import json
from pathlib import Path

import numpy as np
import scikit_posthocs
from scipy import stats
from scipy.stats._resampling import _bca_interval
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

SEED = 5


def binomials():
    cases = [(3, 10, 0.3), (0, 40, 0.001), (40, 40, 0.9), (16, 31, 0.5), (500, 1000, 0.5)]
    cases += [(41_000, 2_000_000, 0.021), (1_000_300, 2_000_000, 0.5), (15, 1_000_000, 1e-5)]
    return [
        {"successes": k, "trials": n, "chance": p, "probability": float(stats.binom.pmf(k, n, p))}
        for k, n, p in cases
    ]


def mcnemars():
    cases = []
    pairs = [(0, 0), (0, 1), (1, 1), (0, 7), (5, 9), (12, 12), (3, 21), (4, 21), (40, 61), (300, 300)]
    pairs += [(5000, 5200), (120_000, 120_900)]
    for b, c in pairs:
        table = [[0, b], [c, 0]]
        exact = mcnemar(table, exact=True).pvalue if b + c else 1.0
        # Half of the chance of what was seen, of either sign, counts less (Fagerland and others 2013, equation 8).
        lowest = min(b, c)
        mid = min(1.0, 2 * stats.binom.cdf(lowest, b + c, 0.5) - stats.binom.pmf(lowest, b + c, 0.5))
        if b + c:
            chi = mcnemar(table, exact=False, correction=True)
            statistic, p = float(chi.statistic), float(chi.pvalue)
        else:
            statistic, p = 0.0, 1.0
        cases.append(
            {
                "only_first": b,
                "only_second": c,
                "exact": float(exact),
                "mid_p": float(mid),
                "chi_squared": statistic,
                "chi_squared_p": p,
            }
        )
    return cases


def corrected_ts(generator):
    cases = []
    for folds, repeats, shift in [(2, 1, 0.1), (5, 1, 0.02), (10, 1, 0.005), (10, 10, 0.004)]:
        values = generator.normal(shift, 0.01, folds * repeats)
        n, share = len(values), 1 / (folds - 1)
        error = np.sqrt(values.var(ddof=1) * (1 / n + share))
        t = values.mean() / error
        reach = stats.t.ppf(0.975, n - 1) * error
        cases.append(
            {
                "differences": values.tolist(),
                "test_share": share,
                "statistic": float(t),
                "p_value": float(2 * stats.t.sf(abs(t), n - 1)),
                "lower": float(values.mean() - reach),
                "upper": float(values.mean() + reach),
            }
        )
    return cases


def wilcoxons(generator):
    samples = [(generator.normal(0.3, 1, n), "exact") for n in (2, 5, 10, 30, 50)]
    samples += [(generator.normal(0.2, 1, 80), "approx")]
    samples += [(generator.integers(-3, 5, 25).astype(float), "approx")]
    cases = []
    for values, method in samples:
        found = stats.wilcoxon(values, method=method, zero_method="wilcox", correction=False)
        cases.append(
            {
                "differences": values.tolist(),
                "statistic": float(found.statistic),
                "p_value": float(found.pvalue),
            }
        )
    return cases


def friedmans(generator):
    cases = []
    for rows, runs, digits in [(10, 3, 6), (10, 5, 2), (30, 8, 1), (6, 4, 6)]:
        values = np.round(generator.normal(size=(rows, runs)) + 0.4 * np.arange(runs), digits)
        chi, p = stats.friedmanchisquare(*values.T)
        f = (rows - 1) * chi / (rows * (runs - 1) - chi)
        ranks = stats.rankdata(-values, axis=1).mean(axis=0)
        nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy()
        error = np.sqrt(runs * (runs + 1) / (6 * rows))
        critical = stats.studentized_range.ppf(0.95, runs, np.inf) / np.sqrt(2) * error
        cases.append(
            {
                "values": values.tolist(),
                "mean_ranks": ranks.tolist(),
                "chi_squared": float(chi),
                "p_value": float(p),
                "iman_davenport_p": float(stats.f.sf(f, runs - 1, (runs - 1) * (rows - 1))),
                "critical_difference": float(critical),
                "nemenyi": nemenyi.tolist(),
            }
        )
    return cases


def ranges():
    cases = []
    for runs in (2, 3, 5, 10, 20):
        for value in (0.5, 2.0, 3.5, 5.0):
            expected = float(stats.studentized_range.cdf(value, runs, np.inf))
            cases.append({"range": value, "count": runs, "probability": expected})
    return cases


def holms(generator):
    cases = []
    for count in (1, 4, 10):
        p = np.round(generator.uniform(0, 0.2, count), 3)
        cases.append({"p_values": p.tolist(), "corrected": multipletests(p, method="holm")[1].tolist()})
    return cases


def intervals(generator):
    cases = []
    samples = [
        (generator.lognormal(size=20), lambda x, axis=-1: np.mean(x, axis=axis)),
        (generator.normal(size=35), lambda x, axis=-1: np.var(x, axis=axis)),
        (generator.integers(0, 2, 30).astype(float), lambda x, axis=-1: np.mean(x, axis=axis)),
    ]
    for data, statistic in samples:
        n = len(data)
        draws = statistic(data[generator.integers(0, n, (400, n))])
        left_out = [float(statistic(np.delete(data, i))) for i in range(n)]
        plain = [float(np.percentile(draws, share)) for share in (5, 95)]
        low, high, _ = _bca_interval((data,), statistic, -1, 0.05, draws, None, np)
        moved = [float(np.percentile(draws, 100 * share)) for share in (low, high)]
        cases.append(
            {
                "value": float(statistic(data)),
                "draws": draws.tolist(),
                "left_out": left_out,
                "percentile": plain,
                "bca": moved,
            }
        )
    return cases


def curves(generator):
    cases = []
    for cells, weights in [(40, [1.0, 1.0]), (60, [1.9, 0.1])]:
        truths = generator.integers(0, 2, cells)
        scores = generator.integers(0, 17, cells) / 16
        by_cell = np.array(weights)[truths]
        precision, recall, thresholds = metrics.precision_recall_curve(
            truths, scores, sample_weight=by_cell
        )
        cases.append(
            {
                "truths": truths.tolist(),
                "scores": scores.tolist(),
                "weights": weights,
                "precision": precision[:-1][::-1].tolist(),
                "recall": recall[:-1][::-1].tolist(),
                "thresholds": thresholds[::-1].tolist(),
            }
        )
    return cases


def main():
    generator = np.random.default_rng(SEED)
    golden = {
        "binomial": binomials(),
        "mcnemar": mcnemars(),
        "corrected_t": corrected_ts(generator),
        "wilcoxon": wilcoxons(generator),
        "friedman": friedmans(generator),
        "studentised_range": ranges(),
        "holm": holms(generator),
        "interval": intervals(generator),
        "curve": curves(generator),
    }
    parts = [
        f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]"
        for name, cases in golden.items()
    ]
    Path(__file__).with_name("golden.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
