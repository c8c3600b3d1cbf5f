/// A folder in clip-retrieval's layout: the columns of its metadata, and `embedding`.
struct ClipRetrievalDataset: Dataset {
    let columns: [DatasetColumn]
    private let metadata: JoinedDataset
    private let embeddings: [NumpyMatrix]
    private let starts: [Int]

    init(_ directory: String) throws(DatasetError) {
        let parts = try ClipRetrievalFolder(directory).paths
        var (tables, matrices): ([any Dataset], [NumpyMatrix]) = ([], [])
        for part in parts {
            tables.append(try ParquetDataset(path: part.metadata))
            matrices.append(try NumpyMatrix(path: part.embeddings))
        }
        metadata = JoinedDataset(tables)
        embeddings = matrices
        starts = matrices.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.rowCount) }
        columns = metadata.columns.filter { $0.name != "embedding" } + [DatasetColumn("embedding", .list(.float))]
    }

    var count: Int { metadata.count }

    func place(ofRow index: Int) -> DatasetPlace { metadata.place(ofRow: index) }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let row = try metadata.row(at: index)
        let part = (starts.firstIndex { $0 > index } ?? starts.count) - 1
        let embedding = try embeddings[part].rows(from: index - starts[part], count: 1)
        let kept = zip(row.columns, row.values).filter { $0.0.name != "embedding" }.map(\.1)
        return DatasetRecord(columns: columns, values: kept + [.floats(embedding)])
    }
}
