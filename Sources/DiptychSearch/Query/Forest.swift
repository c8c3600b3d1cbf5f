/// Numbers that hang together: union by size, paths halved (Tarjan 1975).
struct Forest {
    private var parents: [Int64: Int64] = [:]
    private var sizes: [Int64: Int] = [:]
    private var weakest: [Int64: Float] = [:]

    private mutating func root(of number: Int64) -> Int64 {
        var number = number
        while let parent = parents[number], parent != number {
            let grandparent = parents[parent] ?? parent
            parents[number] = grandparent
            number = grandparent
        }
        if parents[number] == nil { parents[number] = number }
        return number
    }

    /// Joins the groups of two numbers; of the links between groups, the one that joined them counts.
    mutating func join(_ a: Int64, _ b: Int64, by similarity: Float) {
        var (first, second) = (root(of: a), root(of: b))
        guard first != second else { return }
        if sizes[first, default: 1] < sizes[second, default: 1] { swap(&first, &second) }
        parents[second] = first
        sizes[first] = sizes[first, default: 1] + sizes[second, default: 1]
        weakest[first] = min(similarity, weakest[first] ?? 1, weakest[second] ?? 1)
    }

    /// The groups, members and groups in the order of their numbers.
    var groups: [(members: [Int64], similarity: Float)] {
        var copy = self
        var members: [Int64: [Int64]] = [:]
        for number in parents.keys.sorted() { members[copy.root(of: number), default: []].append(number) }
        return members.map { (members: $0.value, similarity: weakest[$0.key] ?? 1) }
            .sorted { $0.members[0] < $1.members[0] }
    }
}
