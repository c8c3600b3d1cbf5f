internal import DiptychDatasets

/// The classes that rows name, by column.
struct LabelLedger {
    private struct Column {
        var places: [String: Int32] = [:]
        var values: [String] = []
        var counts: [Int] = []
        /// The images that name one, with the place of its value.
        var images: [(image: Int32, value: Int32)] = []
        var isNumbered = true
        /// Whether it says which of a row's choices is right, and no class.
        var isChoice = false
    }

    /// More classes than these are none: every row has a value to itself.
    static let limit = 10_000
    /// So many times as many rows as the smallest class makes the largest one a fault.
    private static let imbalance = 10

    private var columns: [String: Column] = [:]

    /// What a value is as text.
    static func name(of value: DatasetValue) -> String? {
        switch value {
        case .integer(let number): String(number)
        case .double(let number) where number == number.rounded() && abs(number) < 1e15: String(Int64(number))
        case .double(let number): String(number)
        case .text(let text): text
        default: nil
        }
    }

    /// Adds what a row says.
    ///
    /// - Returns: why the label cannot be right, where its row says how many choices there are.
    mutating func add(_ label: ScannedLabel, image: Int) -> String? {
        guard let name = Self.name(of: label.value) else { return nil }
        var column = columns[label.column] ?? Column()
        defer { columns[label.column] = column }
        if let choices = label.choices {
            column.isChoice = true
            guard let place = Self.choice(name) else { return nil }
            return place >= 0 && place < choices ? nil : "\(label.column) \(name) for \(choices) choices"
        }
        column.isNumbered = column.isNumbered && Int64(name) != nil
        guard let place = column.places[name] ?? (column.values.count <= Self.limit ? Int32(column.values.count) : nil)
        else { return nil }
        if Int(place) == column.values.count {
            column.places[name] = place
            column.values.append(name)
            column.counts.append(0)
        }
        column.counts[Int(place)] += 1
        column.images.append((Int32(image), place))
        return nil
    }

    /// The number of a choice: from 0, or by its letter.
    private static func choice(_ name: String) -> Int? {
        if let number = Int(name) { return number }
        guard name.utf8.count == 1, let byte = name.utf8.first.map({ $0 & 0xDF }), (0x41...0x5A).contains(byte) else {
            return nil
        }
        return Int(byte) - 0x41
    }

    /// The images whose labels are numbers of classes that do not exist, and why.
    ///
    /// - Parameter classes: how many there are, if that is known.
    func outOfRange(classes: Int?) -> [(image: Int, reason: String)] {
        columns.sorted { $0.key < $1.key }.flatMap { name, column -> [(Int, String)] in
            guard column.isNumbered, !column.isChoice, column.values.count <= Self.limit else { return [] }
            let numbers = column.values.map { Int64($0) ?? 0 }
            let range = range(numbers, column.counts, classes)
            return column.images.compactMap { image, value in
                let number = numbers[Int(value)]
                guard !range.contains(number) else { return nil }
                let known =
                    classes.map { " for \($0) classes" }
                    ?? (number < 0 ? " is negative" : " for classes 0 to \(range.upperBound)")
                return (Int(image), "\(name) \(number)\(known)")
            }
        }
        .sorted { $0.0 < $1.0 }
    }

    /// The numbers that can be classes. Without their number: negative ones cannot, nor those few that lie far beyond the run of all
    /// others.
    private func range(_ numbers: [Int64], _ counts: [Int], _ classes: Int?) -> ClosedRange<Int64> {
        if let classes {
            // Some count from 1.
            let most = Int64(min(max(1, classes), 1 << 40))
            let first: Int64 = numbers.contains(0) || !numbers.contains(most) ? 0 : 1
            return first...first + most - 1
        }
        let order = numbers.indices.filter { numbers[$0] >= 0 }.sorted { numbers[$0] < numbers[$1] }
        guard var end = order.first else { return 0...Int64.max }
        var (run, rows) = (0, 0)
        for index in order {
            guard run == 0 || numbers[index] - numbers[end] == 1 else { break }
            (end, run, rows) = (index, run + 1, rows + counts[index])
        }
        let all = order.reduce(0) { $0 + counts[$1] }
        let isRun = run >= 2 && (all - rows) * 100 <= max(100, all)
        let next = order.dropFirst(run).first.map { numbers[$0] }
        guard isRun, let next, next >= 4 * Int64(run), next - numbers[end] > 1 else { return 0...Int64.max }
        return 0...numbers[end]
    }

    /// Columns whose classes differ much in size, each as a sentence.
    ///
    /// - Parameter classes: how many there are, if that is known.
    func imbalances(classes: Int?) -> [String] {
        columns.sorted { $0.key < $1.key }.compactMap { name, column in
            guard !column.isChoice, (2...Self.limit).contains(column.values.count) else { return nil }
            let numbers = column.values.map { Int64($0) ?? 0 }
            let range = column.isNumbered ? range(numbers, column.counts, classes) : Int64.min...Int64.max
            let order = column.counts.indices.filter { range.contains(numbers[$0]) }
                .sorted { column.counts[$0] < column.counts[$1] }
            guard let small = order.first, let large = order.last,
                order.count > 1, column.counts[large] >= column.counts[small] * Self.imbalance
            else { return nil }
            return "\(name): '\(column.values[large])' has \(column.counts[large]) rows, '\(column.values[small])' "
                + "\(column.counts[small]); \(order.count) classes"
        }
    }

    /// The classes of each column and their rows, the most frequent first.
    var counts: [(column: String, classes: [(name: String, count: Int)])] {
        columns.sorted { $0.key < $1.key }.filter { !$0.value.values.isEmpty && $0.value.values.count <= Self.limit }
            .map { name, column in
                (
                    name,
                    zip(column.values, column.counts).map { (name: $0, count: $1) }
                        .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
                )
            }
    }
}
