internal import DiptychBasics

/// JSON objects of a file in any of its forms, by their places.
struct JSONDataset: Dataset {
    let columns: [DatasetColumn]
    private let file: InputFile
    private let offsets: RowOffsets
    private let word: String

    /// Reads the file once, to find its rows and columns.
    init(path: String, encoding: TextFileEncoding? = nil) throws(DatasetError) {
        file = try InputFile.plainText(path, encoding)
        var items = try JSONItems(TextStream(ByteStream(file)), columns: nil)
        word = items.word
        var (offsets, scan) = (RowOffsets(), ColumnScan())
        while let item = try items.next() {
            offsets.append(offset: item.offset, count: item.isTooLong ? -1 : item.bytes.count, number: item.number)
            // A damaged row says why when it is read.
            guard !item.isTooLong, case .object(let members)? = try? JSONParser.parse(item.bytes, notFinite: .kept)
            else { continue }
            for member in members {
                guard scan.add(member.name, DatasetType(of: DatasetValue(member.value))) else {
                    throw DatasetError(
                        .tooLarge, path: path, place: "\(word) \(item.number)",
                        "the objects have more than \(ColumnScan.limit) different members")
                }
            }
        }
        (self.offsets, columns) = (offsets, scan.columns)
    }

    var count: Int { offsets.count }

    func place(ofRow index: Int) -> DatasetPlace {
        DatasetPlace(file: file.path, place: "\(word) \(offsets.number(index))")
    }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let place = "\(word) \(offsets.number(index))"
        guard offsets.counts[index] >= 0 else {
            throw DatasetError(
                .tooLarge, path: file.path, place: place, "is longer than \(LineStream.longest >> 20) MiB")
        }
        let bytes = try file.read(at: offsets.offsets[index], count: offsets.counts[index])
        let value: JSONValue
        do throws(JSONParser.Fault) { value = try JSONParser.parse(bytes, notFinite: .kept) } catch {
            throw DatasetError(
                .malformed, path: file.path, place: place, "is not JSON: \(error.reason) (byte \(error.offset))")
        }
        guard case .object(let members) = value else {
            throw DatasetError(.malformed, path: file.path, place: place, "should be an object: {\"image\": …}")
        }
        // Of members with one name, the last counts.
        let named = Dictionary(members.map { ($0.name, $0.value) }) { $1 }
        let values = columns.map { column in
            DatasetValue(named[column.name] ?? .null).converted(to: column.type)
        }
        return DatasetRecord(columns: columns, values: values)
    }
}
