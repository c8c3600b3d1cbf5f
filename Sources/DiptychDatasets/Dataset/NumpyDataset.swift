internal import DiptychBasics
internal import DiptychCheckpoints

/// The arrays of a NumPy archive (`.npz`) as columns, a row for each index of their first dimension; or one array (`.npy`) as
/// the column `vector` or `value`. Rows of matrices of floats are referred to where they lie.
struct NumpyDataset: Dataset {
    let columns: [DatasetColumn]
    let count: Int
    private let arrays: [NumpyArray]

    /// Whether a file's name or first bytes say that it is one.
    static func isOne(_ path: String, head: [UInt8]) -> Bool {
        if head.starts(with: [0x93] + Array("NUMPY".utf8)) { return true }
        return path.lowercased().hasSuffix(".npz") && head.starts(with: [0x50, 0x4B])
    }

    /// The most bytes of an array that is unpacked into memory.
    private static let largestUnpacked = 1 << 30

    /// - Parameter notes: takes the arrays that are no columns, and why.
    init(path: String, notes: DatasetNotes?) throws(DatasetError) {
        var found: [(name: String, array: NumpyArray)] = []
        let file = try InputFile(path: path)
        let head = try file.read(at: 0, count: min(6, file.size))
        if head == [0x93] + Array("NUMPY".utf8) {
            let array = try NumpyArray(.file(file, offset: 0), size: file.size, path: path, name: "the array")
            found = [(array.type == .vector ? "vector" : "value", array)]
        } else {
            for (name, source, size) in try Self.members(path, file) {
                do throws(DatasetError) {
                    found.append((name, try NumpyArray(source, size: size, path: path, name: name)))
                } catch {
                    guard error.kind == .unsupported else { throw error }
                    notes?.add("the array \(error.reason)", about: name, path: path, place: name)
                }
            }
        }
        for entry in found where entry.array.shape.isEmpty {
            notes?.add("is one value and no column", about: entry.name, path: path, place: entry.name)
        }
        found.removeAll { $0.array.shape.isEmpty }
        guard let count = found.first?.array.shape.first else {
            throw DatasetError(.incomplete, path: path, "holds no array that is a column")
        }
        let lengths = Set(found.compactMap(\.array.shape.first))
        guard lengths.count == 1 else {
            let list = found.map { "\($0.name) \($0.array.shape)" }.joined(separator: ", ")
            throw DatasetError(
                .unsupported, path: path,
                "its arrays have first dimensions that differ, and are no columns of one table: \(list)")
        }
        self.count = count
        columns = found.map { DatasetColumn($0.name, $0.array.type) }
        arrays = found.map(\.array)
    }

    /// The arrays of an archive by their names.
    private static func members(
        _ path: String, _ file: InputFile
    ) throws(DatasetError) -> [(name: String, source: NumpyArray.Source, size: Int)] {
        let archive: ZipArchive
        do { archive = try ZipArchive(file: MappedFile(path: path), allowsDeflate: true) } catch {
            throw DatasetError(.malformed, path: path, "cannot be read as a NumPy archive: \(error)")
        }
        var members: [(name: String, source: NumpyArray.Source, size: Int)] = []
        // In the order in which they lie, which is that of numpy.savez.
        for entry in archive.entries.values.sorted(by: { $0.data.lowerBound < $1.data.lowerBound })
        where entry.name.hasSuffix(".npy") {
            let name = String(entry.name.dropLast(4))
            if entry.isStored {
                members.append((name, .file(file, offset: entry.data.lowerBound), entry.data.count))
                continue
            }
            do throws(Inflater.Failure) {
                let packed = Array(archive.bytes(of: entry))
                let bytes = try Inflater.inflate(packed, .raw, limit: largestUnpacked)
                members.append((name, .bytes(bytes), bytes.count))
            } catch {
                throw DatasetError(
                    .malformed, path: path, place: name,
                    "cannot be unpacked: \(error.description); numpy.savez packs nothing")
            }
        }
        return members
    }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        precondition(index >= 0 && index < count, "a row outside the dataset")
        var values: [DatasetValue] = []
        values.reserveCapacity(arrays.count)
        for array in arrays { values.append(try array.row(index)) }
        return DatasetRecord(columns: columns, values: values)
    }
}
