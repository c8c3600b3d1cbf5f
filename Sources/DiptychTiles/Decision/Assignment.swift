/// One place for each of some rows, no place twice, with the least sum of costs: the shortest augmenting paths of Jonker and Volgenant
/// (1987), exact.
public enum Assignment {
    /// The column of each row. Of several answers with the same sum, the one whose first row has the first column, and so on.
    ///
    /// - Parameter costs: rows of equally many finite costs; where there are more rows than columns, some rows get nil.
    public static func least(_ costs: [[Double]]) -> [Int?] {
        let columns = costs.first?.count ?? 0
        guard columns > 0 else { return costs.map { _ in nil } }
        if costs.count > columns {
            let turned = (0..<columns).map { column in costs.map { $0[column] } }
            var places = [Int?](repeating: nil, count: costs.count)
            for (column, row) in least(turned).enumerated() { if let row { places[row] = column } }
            return places
        }
        var solved = solve(costs)
        // Ties: rows in turn take the first column that does not make the sum greater.
        let work = costs.count * costs.count * columns
        guard work <= 1 << 16 else { return solved.places }
        let tolerance = 1e-12 * max(1, abs(solved.sum))
        var fixed = costs
        for row in costs.indices {
            for column in 0..<(solved.places[row] ?? 0) {
                guard solved.reduced(row, column, costs) <= tolerance else { continue }
                var attempt = fixed
                for other in 0..<columns where other != column { attempt[row][other] = forbidden }
                for other in costs.indices where other != row { attempt[other][column] = forbidden }
                let next = solve(attempt)
                let sum = zip(costs, next.places).reduce(0.0) { sum, pair in sum + (pair.1.map { pair.0[$0] } ?? 0) }
                let isAllowed = next.places.enumerated().allSatisfy { index, place in
                    place.map { attempt[index][$0] < forbidden } ?? false
                }
                if isAllowed, sum <= solved.sum + tolerance {
                    solved = Solution(places: next.places, sum: sum, rows: next.rows, columns: next.columns)
                    break
                }
            }
            if let place = solved.places[row] {
                for other in 0..<columns where other != place { fixed[row][other] = forbidden }
                for other in costs.indices where other != row { fixed[other][place] = forbidden }
            }
        }
        return solved.places
    }

    /// More than any sum of costs that are asked for.
    private static let forbidden = 1e9

    private struct Solution {
        var places: [Int?]
        var sum: Double
        let rows: [Double]
        let columns: [Double]

        func reduced(_ row: Int, _ column: Int, _ costs: [[Double]]) -> Double {
            costs[row][column] - rows[row] - columns[column]
        }
    }

    /// Rows are at most as many as columns.
    private static func solve(_ costs: [[Double]]) -> Solution {
        let (count, columns) = (costs.count, costs[0].count)
        // Numbers from 1; 0 is the row that looks for a place.
        var (u, v) = ([Double](repeating: 0, count: count + 1), [Double](repeating: 0, count: columns + 1))
        var owner = [Int](repeating: 0, count: columns + 1)
        var way = owner
        for row in 1...max(1, count) where row <= count {
            owner[0] = row
            var column = 0
            var least = [Double](repeating: .infinity, count: columns + 1)
            var isUsed = [Bool](repeating: false, count: columns + 1)
            repeat {
                isUsed[column] = true
                let current = owner[column]
                var (delta, next) = (Double.infinity, 0)
                for other in 1...columns where !isUsed[other] {
                    let cost = costs[current - 1][other - 1] - u[current] - v[other]
                    if cost < least[other] { (least[other], way[other]) = (cost, column) }
                    if least[other] < delta { (delta, next) = (least[other], other) }
                }
                for other in 0...columns {
                    if isUsed[other] {
                        u[owner[other]] += delta
                        v[other] -= delta
                    } else {
                        least[other] -= delta
                    }
                }
                column = next
            } while owner[column] != 0
            repeat {
                owner[column] = owner[way[column]]
                column = way[column]
            } while column != 0
        }
        var places = [Int?](repeating: nil, count: count)
        var sum = 0.0
        for column in 1...columns where owner[column] != 0 {
            places[owner[column] - 1] = column - 1
            sum += costs[owner[column] - 1][column - 1]
        }
        return Solution(places: places, sum: sum, rows: Array(u.dropFirst()), columns: Array(v.dropFirst()))
    }
}
