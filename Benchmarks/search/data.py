#!/usr/bin/env python3
"""Makes vectors with the shape of CLIP embeddings: data.py FOLDER COUNT DIMENSION [--queries N].

Pictures: unit vectors around a common mean direction (any two have a cosine near 0.5), in clusters whose sizes follow
Zipf's law, with a spectrum that decays. Queries: half are pictures like those in the store (a new member of a cluster),
half stand where texts do, in a cone of their own, at cosines of 0.1 to 0.35 to the pictures. Seeded: the same
arguments always give the same files, vectors.f32 and queries.f32, float32 little-endian rows. large.py takes the same
vectors chunk by chunk, without a file.
"""
import argparse
import os

import numpy as np

CHUNK = 65_536


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Pictures:
    def __init__(self, dimension, clusters, seed):
        random = np.random.default_rng(seed)
        self.dimension = dimension
        self.scale = (np.arange(dimension) + 8.0) ** -0.5
        self.scale /= np.linalg.norm(self.scale)
        self.basis = np.linalg.qr(random.standard_normal((dimension, dimension)))[0].astype(np.float32)
        axes = np.linalg.qr(random.standard_normal((dimension, 2)))[0].T.astype(np.float32)
        self.mean, self.text_mean = axes
        self.centres = self.directions(random, clusters)
        weights = (np.arange(clusters) + 10.0) ** -0.9
        self.shares = np.cumsum(weights / weights.sum())
        # Tight clusters (near-duplicates) and loose ones.
        self.spread = random.uniform(0.25, 0.75, clusters).astype(np.float32)

    def directions(self, random, count):
        return (random.standard_normal((count, self.dimension), np.float32) * self.scale.astype(np.float32)) @ self.basis

    def clusters(self, random, count):
        return np.minimum(np.searchsorted(self.shares, random.random(count)), len(self.shares) - 1)

    def pictures(self, random, count):
        cluster = self.clusters(random, count)
        own = self.directions(random, count) * self.spread[cluster, None]
        return unit(0.8 * self.mean + 0.6 * self.centres[cluster] + own).astype(np.float32)

    def texts(self, random, count):
        cluster = self.clusters(random, count)
        own = self.directions(random, count)
        return unit(0.9 * self.text_mean + 0.2 * self.mean + 0.3 * self.centres[cluster] + 0.3 * own).astype(np.float32)

    def chunk(self, start, count):
        """Rows from `start` on, a multiple of CHUNK, of a store of `count`."""
        return self.pictures(np.random.default_rng((2, start)), min(CHUNK, count - start))

    def queries(self, count):
        random = np.random.default_rng(3)
        half = count // 2
        queries = np.empty((2 * half, self.dimension), "<f4")
        queries[0::2] = self.pictures(random, half)
        queries[1::2] = self.texts(random, half)
        return queries


def model(count, dimension):
    return Pictures(dimension, max(100, count // 50), seed=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("count", type=int)
    parser.add_argument("dimension", type=int)
    parser.add_argument("--queries", type=int, default=256)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    pictures = model(arguments.count, arguments.dimension)
    path = os.path.join(arguments.folder, "vectors.f32")
    size = arguments.count * arguments.dimension * 4
    if not os.path.exists(path) or os.path.getsize(path) != size:
        with open(path + ".part", "wb") as file:
            for start in range(0, arguments.count, CHUNK):
                pictures.chunk(start, arguments.count).astype("<f4").tofile(file)
        os.rename(path + ".part", path)
    pictures.queries(arguments.queries).tofile(os.path.join(arguments.folder, "queries.f32"))


if __name__ == "__main__":
    main()
