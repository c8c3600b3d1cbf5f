/// Finds the known name that a mistyped one probably means.
package enum Spelling {
    /// The most letters of a name that are compared; what is longer was not mistyped.
    private static let lengthLimit = 64

    /// The name nearest to `name`, if it is near enough: equal but for case, or at most a third of its letters away. Of equally near
    /// ones the first.
    package static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        let letters = Array(name.lowercased())
        guard !letters.isEmpty, letters.count <= lengthLimit else { return nil }
        let limit = max(1, letters.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in names where candidate.utf8.count <= 4 * lengthLimit {
            let distance = distance(letters, Array(candidate.lowercased()))
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// The fewest insertions, deletions, replacements and swaps of neighbours that turn one word into the other: the
    /// optimal string alignment distance (Damerau 1964).
    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var (before, last) = ([Int](), Array(0...b.count))
        for (i, x) in a.enumerated() {
            var row = [i + 1]
            for (j, y) in b.enumerated() {
                var least = min(last[j] + (x == y ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { least = min(least, before[j - 1] + 1) }
                row.append(least)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
