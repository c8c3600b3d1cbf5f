/// Sets of the numbers below a count that are joined (union by the lower number, paths halved; Tarjan 1975).
package struct DisjointSets: Sendable {
    private var parents: [Int32]

    package init(count: Int) { parents = (0..<Int32(count)).map { $0 } }

    /// The lowest number of the set that `number` is in.
    package mutating func root(of number: Int) -> Int {
        var number = number
        while Int(parents[number]) != number {
            parents[number] = parents[Int(parents[number])]
            number = Int(parents[number])
        }
        return number
    }

    /// Joins the sets of two numbers.
    package mutating func join(_ a: Int, _ b: Int) {
        let (first, second) = (root(of: a), root(of: b))
        guard first != second else { return }
        parents[max(first, second)] = Int32(min(first, second))
    }
}
