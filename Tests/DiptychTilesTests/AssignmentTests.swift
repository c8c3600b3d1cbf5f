import DiptychTiles
import Foundation
import Testing

/// Sums of scipy's linear_sum_assignment, which Scripts/fixtures/assignment.py wrote.
@Suite struct AssignmentTests {
    private struct Case: Decodable {
        let costs: [[Double]]
        let sum: Double
        let columns: [Int]?
    }

    @Test func sumsAreThoseOfSciPy() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/assignment", withExtension: "json"))
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
        #expect(cases.count == 20)
        for example in cases {
            let places = Assignment.least(example.costs)
            let taken = places.compactMap { $0 }
            #expect(taken.count == min(example.costs.count, example.costs[0].count))
            #expect(Set(taken).count == taken.count)
            let sum = zip(example.costs, places).reduce(0.0) { sum, pair in sum + (pair.1.map { pair.0[$0] } ?? 0) }
            #expect(abs(sum - example.sum) < 1e-9)
            if let columns = example.columns { #expect(taken == columns) }
        }
    }

    @Test func tiesGoToTheFirstInReadingOrder() {
        let same = [[Double]](repeating: [Double](repeating: -0.5, count: 5), count: 3)
        #expect(Assignment.least(same) == [0, 1, 2])
        // The first row's best place is the second one's only good one.
        #expect(Assignment.least([[0, 0, 1], [0, 9, 9]]) == [1, 0])
        #expect(Assignment.least([[0, 0, 0], [1, 0, 0]]) == [0, 1])
    }

    @Test func nothingIsAssignedToNothing() {
        #expect(Assignment.least([]) == [])
        #expect(Assignment.least([[], []]) == [nil, nil])
        #expect(Assignment.least([[3], [1], [2]]) == [nil, 0, nil])
    }
}
