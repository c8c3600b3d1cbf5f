internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation

/// How rows are divided.
public struct SplitOptions: Sendable {
    /// What the order of rows follows from: the same seed and the same rows give the same split, whatever their order.
    public var seed: UInt64 = 0
    /// Rows of one value of this column stay together.
    public var group: String?
    /// Each part has about as large a share of each value of this column.
    public var stratify: String?
    /// Groups that stay together besides, such as near duplicates: a number for each row.
    public var together: [Int]?

    /// Seed 0, without groups.
    public init() {}
}

/// What a split gave.
public struct SplitSummary: Sendable, Equatable {
    /// The rows of each part.
    public var counts: [(name: String, count: Int)] = []
    /// Rows that are in no part, because the numbers of rows leave them.
    public var left = 0
    /// Sets of rows that stay together and have more than one row.
    public var groups = 0

    /// Nothing yet.
    public init() {}

    /// Compares all facts.
    public static func == (a: SplitSummary, b: SplitSummary) -> Bool {
        a.counts.elementsEqual(b.counts, by: ==) && a.left == b.left && a.groups == b.groups
    }
}

extension CatalogTable {
    /// The rows with a column `split`.
    ///
    /// Rows of one image, of one group, and copies of a file (of equal bytes) are in one part; so a part may have some rows
    /// more or fewer than asked for.
    ///
    /// - Throws: ``CatalogError`` for an unknown column, or parts that have more rows than there are.
    public func split(
        _ parts: SplitParts, options: SplitOptions = SplitOptions(), summarize: (SplitSummary) -> Void = { _ in }
    ) throws -> CatalogTable {
        let units = try RowUnits(self, options)
        let assigned = try units.assigned(parts)
        var summary = SplitSummary()
        summary.counts = parts.parts.indices.map { part in (parts.parts[part].name, assigned.count { $0 == part }) }
        summary.left = assigned.count { $0 < 0 }
        summary.groups = units.members.count { $0.count > 1 }
        summarize(summary)
        let kept = columns.indices.filter { columns[$0].name.lowercased() != "split" }
        let written = kept.map { columns[$0] } + [DatasetColumn("split", .text)]
        let file = try TableWriter.write(to: catalog.temporaryPath(), columns: written) { writer in
            for index in 0..<count {
                let row = try storedRow(at: index)
                let part = assigned[index]
                try writer.append(kept.map { row[$0] } + [part < 0 ? .null : .text(parts.parts[part].name)])
            }
        }
        var parameters: [JSONValue.Member] = [
            .init("parts", .array(parts.parts.map { .string("\($0.name):\($0.size)") })),
            .init("seed", .string(String(options.seed))),
        ]
        if let group = options.group { parameters.append(.init("group", .string(group))) }
        if let stratify = options.stratify { parameters.append(.init("stratify", .string(stratify))) }
        return try derived(file, origin.adding("split", parameters))
    }
}

/// Rows that stay together.
private struct RowUnits {
    /// The rows of each unit.
    private(set) var members: [[Int]] = []
    /// What each unit's place in the order follows from: the least of its rows' hashes, which no order of rows changes.
    private var keys: [UInt64] = []
    private var strata: [String] = []

    init(_ table: CatalogTable, _ options: SplitOptions) throws {
        let count = table.count
        var sets = DisjointSets(count: count)
        let group = try options.group.map { try table.column($0) }
        let stratum = try options.stratify.map { try table.column($0) }
        let image =
            table.columns.firstIndex { $0.name == "image" && $0.type == .image }
            ?? table.columns.firstIndex { $0.type == .image }
        // What a file's copy does not share with it, and what the split itself changes.
        let ignored = Set(
            table.columns.indices.filter {
                ["split", "file.etag", "file.last_modified", "file.version", "file.source"].contains(
                    table.columns[$0].name.lowercased())
            })
        var (groups, images): ([String: Int], [ContentHash: Int]) = ([:], [:])
        var equal: [ContentHash: Int] = [:]
        var hashes: [UInt64] = []
        var names: [String] = []
        let copies = try FileCopies(table, image: image)
        for index in 0..<count {
            let row = try table.storedRow(at: index)
            if let group, row[group] != .null {
                let value = "\(row[group])"
                if let first = groups[value] { sets.join(first, index) } else { groups[value] = index }
            }
            if let image, let hash = copies.hash(of: row[image], row: index) {
                if let first = images[hash] { sets.join(first, index) } else { images[hash] = index }
            }
            var bytes: [UInt8] = []
            for (place, value) in row.enumerated() where !ignored.contains(place) {
                // An image by its content where that is known: a moved file is the same one.
                if place == image, let hash = copies.hash(of: value, row: index) {
                    bytes += "\(hash.low)".utf8
                } else {
                    bytes += "\(value)".utf8
                }
                bytes.append(0)
            }
            let hash = ContentHash(bytes, seed: UInt32(truncatingIfNeeded: options.seed ^ options.seed >> 32))
            if let first = equal[hash] { sets.join(first, index) } else { equal[hash] = index }
            hashes.append(hash.low)
            names.append(stratum.map { "\(row[$0])" } ?? "")
        }
        if let together = options.together {
            guard together.count == count else {
                throw CatalogError(.invalid, "\(together.count) group numbers for \(count) rows")
            }
            var first: [Int: Int] = [:]
            for (index, number) in together.enumerated() {
                if let known = first[number] { sets.join(known, index) } else { first[number] = index }
            }
        }
        var places: [Int: Int] = [:]
        for index in 0..<count {
            let root = sets.root(of: index)
            let unit = places[root] ?? members.count
            if unit == members.count {
                places[root] = unit
                members.append([])
                keys.append(.max)
                strata.append("")
            }
            members[unit].append(index)
            // The row of the least hash says the stratum: the order of rows does not.
            if hashes[index] < keys[unit] || members[unit].count == 1 {
                (keys[unit], strata[unit]) = (hashes[index], names[index])
            }
        }
    }

    /// The part of each row; -1 for those that are in none.
    func assigned(_ parts: SplitParts) throws(CatalogError) -> [Int] {
        let count = members.reduce(0) { $0 + $1.count }
        let totals = try parts.counts(of: count)
        var result = [Int](repeating: -1, count: count)
        var open = totals
        // Strata in the order of their names; what rounding gives one of them is taken from the next.
        let order = members.indices.sorted { (keys[$0], members[$0].count) < (keys[$1], members[$1].count) }
        let named = Dictionary(grouping: order) { strata[$0] }
        var done = 0
        for name in named.keys.sorted() {
            let units = named[name] ?? []
            done += units.reduce(0) { $0 + members[$1].count }
            // What each part should have by now, less what it has.
            var wanted = totals.indices.map { part -> Double in
                let had = totals[part] - open[part]
                return Double(totals[part]) * Double(done) / Double(max(1, count)) - Double(had)
            }
            // Large units first, so that small ones even out what they leave.
            for unit in units.filter({ members[$0].count > 1 }).sorted(by: {
                (members[$1].count, keys[$0]) < (members[$0].count, keys[$1])
            })
                + units.filter({ members[$0].count == 1 })
            {
                let size = members[unit].count
                let fitting = totals.indices.filter { totals[$0] > 0 }
                guard let part = fitting.max(by: { (wanted[$0], -$0) < (wanted[$1], -$1) }) else { continue }
                // Rows that no part asks for stay out, where the numbers of rows leave some.
                let isFull = totals.reduce(0, +) < count && wanted[part] <= 0
                guard !isFull else { continue }
                for row in members[unit] { result[row] = part }
                wanted[part] -= Double(size)
                open[part] -= size
            }
        }
        return result
    }
}

/// Sets that are joined.
struct DisjointSets {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    mutating func root(of index: Int) -> Int {
        var index = index
        while parents[index] != index {
            parents[index] = parents[parents[index]]
            index = parents[index]
        }
        return index
    }

    mutating func join(_ a: Int, _ b: Int) {
        let (a, b) = (root(of: a), root(of: b))
        parents[max(a, b)] = min(a, b)
    }
}

/// Which files have equal bytes. Only files of one size are read.
private struct FileCopies {
    private var hashes: [Int: ContentHash] = [:]

    init(_ table: CatalogTable, image: Int?) throws {
        guard let image else { return }
        var rows: [Int64: [Int]] = [:]
        for index in 0..<table.count {
            guard let path = Self.path(try table.storedRow(at: index)[image], table) else { continue }
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            rows[Int64(status.st_size), default: []].append(index)
        }
        for indices in rows.values where indices.count > 1 {
            for index in indices {
                guard let path = Self.path(try table.storedRow(at: index)[image], table),
                    let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
                else { continue }
                hashes[index] = ContentHash(data)
            }
        }
    }

    private static func path(_ value: StoredValue, _ table: CatalogTable) -> String? {
        guard case .file(let path)? = table.coding.roots.image(value) else { return nil }
        return path
    }

    /// What an image is known by: the hash of its bytes, or of where it is.
    func hash(of value: StoredValue, row: Int) -> ContentHash? {
        if let hash = hashes[row] { return hash }
        switch value {
        case .blob(let bytes): return ContentHash(bytes)
        case .text(let text): return ContentHash(text.utf8)
        case .null, .integer, .real: return nil
        }
    }
}
