/// Where a row of a dataset stands, for messages.
public struct DatasetPlace: Sendable, Hashable, CustomStringConvertible {
    /// The file or folder; empty where rows have none.
    public let file: String
    /// Where in it, such as `line 3`, `row 17` or `key 000012`; empty where the file is the row.
    public let place: String

    /// Names a place.
    public init(file: String, place: String) {
        self.file = file
        self.place = place
    }

    /// File and place in one line.
    public var description: String {
        file.isEmpty ? place : place.isEmpty ? file : "\(file): \(place)"
    }
}

extension Dataset {
    /// Where a row stands; by its number in the dataset unless the dataset knows better.
    public func place(ofRow index: Int) -> DatasetPlace { DatasetPlace(file: "", place: "row \(index + 1)") }

    /// Reads a row; what fails is named by the row's file and place.
    func rowNamingPlace(at index: Int, of path: String) throws(DatasetError) -> DatasetRecord {
        do throws(DatasetError) { return try row(at: index) } catch { throw failure(error, inRow: index, of: path) }
    }

    /// A failure of a row, by the row's place.
    func failure(_ error: DatasetError, inRow index: Int, of path: String) -> DatasetError {
        let place = place(ofRow: index)
        return error.inRow(
            place.place.isEmpty ? "row \(index + 1)" : place.place, of: place.file.isEmpty ? path : place.file)
    }
}
