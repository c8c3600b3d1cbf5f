/// The rows of a Parquet table as inputs.
struct ParquetSource: RowSource {
    private let builder: RowBuilder
    private let columns: [ParquetColumn]
    private let path: String
    private var rows: ParquetRows?

    init(path: String, columns names: ColumnNames) throws(DatasetError) {
        guard path != "-" else {
            throw DatasetError(.unsupported, path: "standard input", "a Parquet table cannot be read from a pipe")
        }
        self.path = path
        let file = try ParquetFile(path: path)
        // An embedding that lies beside a picture is none of its attributes, and long.
        let columns = file.columns.filter { !($0.isList && ($0.kind == .float || $0.kind == .double)) }
        let wanted = Set(names.image.map { $0.lowercased() })
        guard columns.contains(where: { wanted.contains($0.name.lowercased()) }) else {
            let known = file.columns.prefix(20).map(\.name).joined(separator: ", ")
            throw DatasetError(
                .incomplete, path: path, "has no column of pictures (image, path, image_path, url); it has \(known)")
        }
        // Bytes that are not the picture would only take memory.
        self.columns = columns.filter { $0.kind != .bytes || wanted.contains($0.name.lowercased()) }
        builder = RowBuilder(names: names, path: path)
        rows = file.rows(of: self.columns)
    }

    mutating func next() -> Result<DatasetRow, DatasetError>? {
        do throws(DatasetError) {
            guard let cells = try rows?.next() else { return nil }
            let place = "row \(rows?.count ?? 0)"
            let named = zip(columns, cells).compactMap { column, cell -> (name: String, cell: Cell)? in
                if case .bytes(let bytes) = cell { return (column.name, .bytes(bytes)) }
                return cell.json.map { (column.name, .json($0)) }
            }
            do throws(DatasetError) { return .success(try builder.row(named, place: place)) } catch {
                return .failure(error)
            }
        } catch {
            rows = nil
            return .failure(error)
        }
    }
}
