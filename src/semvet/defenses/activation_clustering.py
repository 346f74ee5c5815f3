"""Activation clustering: poisoned images form a small cluster of their own among the latents.

    features -> 10 whitened principal components -> 2-means -> the smaller cluster is flagged
    score = distance to the larger cluster's center - distance to the smaller one's

Flat data has clusters only because two were asked for. Nothing is flagged (the defense abstains) if
the mean silhouette is below `silhouette`, or if the smaller cluster holds more than `largest` of
the images: that is a property of the data, not a poisoned few.

Paper: Chen et al., "Detecting Backdoor Attacks on Deep Neural Networks by Activation Clustering",
    SafeAI 2019.
Deviates: one class for all images, because nothing is labelled here; PCA with whitening, which is
    ICA up to a rotation that 2-means does not see; of many restarts the one with the best separated
    clusters counts, not the one with the least variance; silhouette and relative size must agree
    (D-035).
"""

from typing import Annotated, final

import torch
from annotated_types import Ge, Gt, Le
from jaxtyping import Float, Int
from torch import Generator, Tensor

from semvet.defenses.base import Defended, Defense, Suspicion, Vantage, View
from semvet.defenses.statistics.latents import latents_of
from semvet.errors import DefenseError
from semvet.types import Count, Features


@final
class ActivationClustering(Defense):
    """Args:
    dimensions: of the reduced latents.
    restarts: of 2-means; a few of them find a cluster of 5 %.
    silhouette: mean silhouette below which the data count as flat.
    largest: share of the images that a suspicious cluster holds at most.
    """

    vantage = Vantage.AUDITOR

    def __init__(
        self,
        *,
        dimensions: Count = 10,
        restarts: Count = 50,
        silhouette: Annotated[float, Ge(-1), Le(1)] = 0.15,
        largest: Annotated[float, Gt(0), Le(0.5)] = 0.35,
    ):
        self.dimensions, self.restarts = dimensions, restarts
        self.silhouette, self.largest = silhouette, largest

    def apply(self, view: View, *, rng: Generator) -> Defended:
        features = latents_of(view.system, view.images, rng=rng)
        cluster, distances, silhouette = two_clusters(
            features, self.dimensions, restarts=self.restarts, rng=rng
        )
        share = float(cluster.float().mean())
        abstains = silhouette < self.silhouette or share > self.largest
        flagged = (cluster == 1) & (not abstains)
        return Defended(
            view.link,
            findings={
                "silhouette": silhouette,
                "smaller_cluster": share,
                "abstains": abstains,
            },
            suspicion=Suspicion(distances[:, 0] - distances[:, 1], flagged),
        )


def two_clusters(
    features: Features, dimensions: int, *, restarts: int, rng: Generator
) -> tuple[Int[Tensor, " batch"], Float[Tensor, "batch 2"], float]:
    """0 for the larger cluster and 1 for the smaller, distances to both, the mean silhouette.

    Raises DefenseError: all latents are alike.
    """
    from sklearn.cluster import KMeans  # a second to import, and only here
    from sklearn.decomposition import PCA
    from sklearn.metrics import silhouette_score

    if torch.equal(features, features[:1].expand_as(features)):
        raise DefenseError(
            "activation-clustering: all images have the same latent, so there is nothing to "
            "cluster; allowed: different images, and an encoder that tells them apart"
        )
    reduced = PCA(min(dimensions, *features.shape), whiten=True, svd_solver="full").fit_transform(
        features.double().cpu().numpy()
    )
    seeds = torch.randint(2**31, (restarts,), generator=rng, device=rng.device).tolist()
    tried = [KMeans(2, n_init=1, random_state=seed).fit(reduced) for seed in seeds]
    away = [torch.from_numpy(means.transform(reduced)) for means in tried]
    best = max(range(restarts), key=lambda i: separation(away[i]))
    cluster, distances = torch.from_numpy(tried[best].labels_).long(), away[best].to(features)
    if 2 * cluster.sum() > len(cluster):
        cluster, distances = 1 - cluster, distances.flip(1)
    silhouette = float(silhouette_score(reduced, cluster.numpy()))
    return cluster.to(features.device), distances, silhouette


def separation(distances: Float[Tensor, "batch 2"]) -> float:
    """Mean of 1 - distance to the own center / distance to the other: the silhouette in short."""
    near, far = distances.sort(dim=1).values.unbind(dim=1)
    return float((1 - near / far).mean())
