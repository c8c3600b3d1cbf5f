/// Where an image is: a file's path, a URL, bytes, or a part of a file.
public typealias ImageReference = DatasetRow.Image

/// One value of a row.
public indirect enum DatasetValue: Sendable, Equatable {
    /// No value.
    case null
    /// A truth value.
    case boolean(Bool)
    /// A whole number of 64 bits.
    case integer(Int64)
    /// A 32-bit float.
    case float(Float)
    /// A 64-bit float.
    case double(Double)
    /// A number by its digits, such as `0.30`: where neither 64 bits nor a float holds all of them.
    case decimal(String)
    /// A text.
    case text(String)
    /// Bytes.
    case bytes([UInt8])
    /// A day, counted from 1 January 1970.
    case date(day: Int64)
    /// A moment.
    case timestamp(DatasetTimestamp)
    /// A list.
    case list([DatasetValue])
    /// A list of 32-bit floats, such as an embedding.
    case floats([Float])
    /// The same, where they lie in a file.
    case vector(VectorReference)
    /// Named values in their order.
    case structure([Member])
    /// An image.
    case image(ImageReference)

    /// A member of a structure.
    public struct Member: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Its value.
        public let value: DatasetValue

        /// Joins a name and a value.
        public init(_ name: String, _ value: DatasetValue) {
            self.name = name
            self.value = value
        }
    }

    /// Whether there is no value.
    public var isNull: Bool { self == .null }

    /// The text, if this is one.
    public var text: String? { if case .text(let text) = self { text } else { nil } }

    /// The whole number, if this is one.
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    /// The floats, if this is a list of them, or says where they lie.
    ///
    /// - Throws: ``DatasetError`` where their file is gone or has become shorter.
    public func readFloats() throws(DatasetError) -> [Float]? {
        switch self {
        case .floats(let values): return values
        case .vector(let vector): return try vector.read()
        default: return nil
        }
    }

    /// The value as JSON; nil for bytes and pictures of bytes, which JSON does not have. Days and moments are texts as ISO
    /// 8601 writes them; numbers that are not finite are null.
    public var json: JSONValue? {
        switch self {
        case .null: .null
        case .boolean(let value): .bool(value)
        case .integer(let value): .int(value)
        case .float(let value): Self.json(value)
        case .double(let value): value.isFinite ? .double(value) : .null
        case .decimal(let digits): .string(digits)
        case .text(let text): .string(text)
        case .date(let day): .string(ParquetTime.date(day))
        case .timestamp(let moment): .string(moment.description)
        case .list(let values): .array(values.compactMap(\.json))
        case .floats(let values): .array(values.map(Self.json))
        case .vector(let vector): .string(vector.description)
        case .structure(let members):
            .object(members.compactMap { member in member.value.json.map { JSONValue.Member(member.name, $0) } })
        case .image(.file(let path)): .string(path)
        case .image(.url(let url)): .string(url)
        case .bytes, .image: nil
        }
    }

    /// The numbers in it that are not finite, which JSON does not have.
    package var notFiniteCount: Int {
        switch self {
        case .float(let value): value.isFinite ? 0 : 1
        case .double(let value): value.isFinite ? 0 : 1
        case .floats(let values): values.count { !$0.isFinite }
        case .list(let values): values.reduce(0) { $0 + $1.notFiniteCount }
        case .structure(let members): members.reduce(0) { $0 + $1.value.notFiniteCount }
        default: 0
        }
    }

    /// By the shortest text that reads back as the same float: 0.1, not 0.10000000149011612.
    private static func json(_ value: Float) -> JSONValue {
        value.isFinite ? Double(value.description).map(JSONValue.double) ?? .null : .null
    }

    /// The value that JSON says.
    public init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .boolean(value)
        case .int(let value): self = .integer(value)
        case .double(let value): self = .double(value)
        case .string(let text): self = .text(text)
        case .array(let values): self = .list(values.map(DatasetValue.init))
        case .object(let members): self = .structure(members.map { Member($0.name, DatasetValue($0.value)) })
        }
    }

    /// The day or moment that a text says as ``json`` writes it; nil for another text, and for types that are neither.
    public init?(moment text: String, _ type: DatasetType) {
        switch type {
        case .date:
            guard let date = ISODate(text[...]) else { return nil }
            self = .date(day: date.day)
        case .timestamp:
            guard let moment = DatasetTimestamp(text) else { return nil }
            self = .timestamp(moment)
        default: return nil
        }
    }

    /// The same value as one of a column of `type`: a whole number among floats becomes one.
    func converted(to type: DatasetType) -> DatasetValue {
        switch (self, type) {
        case (.integer(let value), .double): .double(Double(value))
        case (.list(let values), .list(let element)): .list(values.map { $0.converted(to: element) })
        case (.structure(let members), .structure(let fields)):
            .structure(
                fields.map { field in
                    let value = members.last { $0.name == field.name }?.value ?? .null
                    return Member(field.name, value.converted(to: field.type))
                })
        default: self
        }
    }
}

/// A moment to the nanosecond.
public struct DatasetTimestamp: Sendable, Hashable, CustomStringConvertible {
    /// Whole seconds from the beginning of 1970, rounded down.
    public let seconds: Int64
    /// What is beyond them, 0 to 999,999,999.
    public let nanoseconds: Int32
    /// Whether it is of the world; else of a clock whose zone is not known.
    public let isUTC: Bool

    /// Names a moment.
    public init(seconds: Int64, nanoseconds: Int32 = 0, isUTC: Bool) {
        self.seconds = seconds
        self.nanoseconds = max(0, min(999_999_999, nanoseconds))
        self.isUTC = isUTC
    }

    /// As ISO 8601 writes it, such as `2024-05-01T12:30:00.5Z`.
    public var description: String {
        let (day, rest) = Self.days(seconds)
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        var fraction = ""
        if nanoseconds > 0 {
            let digits = String(nanoseconds)
            fraction = "." + String(repeating: "0", count: 9 - digits.count) + digits
            while fraction.last == "0" { fraction.removeLast() }
        }
        return ParquetTime.date(day) + "T" + clock.joined(separator: ":") + fraction + (isUTC ? "Z" : "")
    }

    private static func days(_ seconds: Int64) -> (Int64, Int64) {
        let (day, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        return rest < 0 ? (day - 1, rest + 86_400) : (day, rest)
    }
}
