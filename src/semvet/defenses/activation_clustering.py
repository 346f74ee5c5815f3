"""Activation clustering: poisoned images form a small cluster of their own among the latents.

    features -> PCA to 10 dimensions -> 2-means -> the smaller cluster is flagged
    score = distance to the larger cluster's center - distance to the smaller one's

Flat data has clusters only because two were asked for. Nothing is flagged (the defense abstains) if
the mean silhouette is below `silhouette`, or if the smaller cluster holds more than `largest` of
the images: that is a property of the data, not a poisoned few.

Paper: Chen et al., "Detecting Backdoor Attacks on Deep Neural Networks by Activation Clustering",
    SafeAI 2019.
Deviates: one class for all images, because nothing is labelled here; PCA instead of ICA, which
    spans the same 10 dimensions; the paper offers silhouette and relative size as readings, here
    both must agree (D-035).
"""

from typing import Annotated, final

import torch
from annotated_types import Ge, Gt, Le
from jaxtyping import Float, Int
from torch import Generator, Tensor

from semvet.defenses.base import Defended, Defense, Suspicion, Vantage, View
from semvet.defenses.latents import latents_of
from semvet.errors import DefenseError
from semvet.types import Count, Features


@final
class ActivationClustering(Defense):
    """Args:
    dimensions: of the reduced latents.
    silhouette: mean silhouette below which the data count as flat.
    largest: share of the images that a suspicious cluster holds at most.
    """

    vantage = Vantage.AUDITOR

    def __init__(
        self,
        *,
        dimensions: Count = 10,
        silhouette: Annotated[float, Ge(-1), Le(1)] = 0.15,
        largest: Annotated[float, Gt(0), Le(0.5)] = 0.35,
    ):
        self.dimensions, self.silhouette, self.largest = dimensions, silhouette, largest

    def apply(self, view: View, *, rng: Generator) -> Defended:
        features = latents_of(view.system, view.images, rng=rng)
        cluster, distances, silhouette = two_clusters(features, self.dimensions, rng=rng)
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
    features: Features, dimensions: int, *, rng: Generator
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
    seed = int(torch.randint(2**31, (), generator=rng, device=rng.device))
    reduced = PCA(min(dimensions, *features.shape), svd_solver="full").fit_transform(
        features.double().cpu().numpy()
    )
    means = KMeans(2, n_init=10, random_state=seed).fit(reduced)
    cluster = torch.from_numpy(means.labels_).long()
    distances = torch.from_numpy(means.transform(reduced)).to(features)
    if 2 * cluster.sum() > len(cluster):
        cluster, distances = 1 - cluster, distances.flip(1)
    silhouette = float(silhouette_score(reduced, cluster.numpy()))
    return cluster.to(features.device), distances, silhouette
