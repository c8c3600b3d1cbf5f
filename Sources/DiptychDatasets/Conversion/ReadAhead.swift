/// Begins to read images elsewhere before their rows come: asking for each takes longer than writing it.
struct ReadAhead {
    private let rows: any Dataset
    private let isWanted: Bool
    private var next = 0

    /// As many as are read at a time.
    private static let width = 32

    /// - Parameter rows: with a column `image`; nothing is done where the first image is not elsewhere.
    init(_ rows: any Dataset) {
        self.rows = rows
        isWanted = rows.count > 0 && (try? rows.row(at: 0)).flatMap(Self.path) != nil
    }

    /// Begins with the images up to some behind a row.
    mutating func advance(to row: Int) {
        guard isWanted else { return }
        next = max(next, row)
        while next < min(rows.count, row + Self.width) {
            if let record = try? rows.row(at: next), let path = Self.path(record) { RemotePaths.prepare(path) }
            next += 1
        }
    }

    private static func path(_ row: DatasetRecord) -> String? {
        guard case .image(.file(let path))? = row["image"], RemotePaths.holds(path) else { return nil }
        return path
    }
}
