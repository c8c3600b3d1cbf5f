/// A reader of Python pickles that builds plain data and runs nothing.
///
/// The format: Python's `pickletools`, protocols 2 to 5, which is a small stack machine. What a pickle asks for is
/// looked up in ``PickleConstructor``; anything else is refused by its name. What the machine may make is bounded.
struct Unpickler {
    /// The longest pickle that is read. The tensors' data lies outside of it.
    static let maximumBytes = 64 << 20
    /// The most values that are put on the stack or copied; a large training checkpoint has some ten thousand.
    static let maximumValues = 1 << 21

    private let path: String
    private let allowingScript: Bool
    /// Gives the place of the record of a storage.
    private let record: (_ key: String) throws -> Range<Int>
    private var bytes: PickleBytes
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var spent = 0
    var heap = PickleHeap()

    /// Prepares to read the pickle in `range` of `file`; `record` finds the data of a storage by its key.
    init(
        file: MappedFile, range: Range<Int>, allowingScript: Bool, record: @escaping (String) throws -> Range<Int>
    ) throws {
        guard range.count <= Self.maximumBytes else {
            throw CheckpointError(
                .unsupported, path: file.path,
                "its pickle has \(range.count) bytes, more than the \(Self.maximumBytes) that are read")
        }
        path = file.path
        self.allowingScript = allowingScript
        self.record = record
        bytes = PickleBytes(file: file, range: range)
    }

    /// Prepares to read a pickle in memory that the caller keeps meanwhile, of data without tensors.
    init(_ bytes: UnsafeRawBufferPointer, path: String) {
        self.path = path
        allowingScript = false
        record = { _ in throw CheckpointError(.malformed, path: path, "its pickle names a storage") }
        self.bytes = PickleBytes(bytes, path: path)
    }

    /// Reads the pickle and gives what it describes; containers and tensors are in ``heap``.
    mutating func load() throws -> PickleValue {
        guard try bytes.number(UInt8.self) == 0x80 else { throw malformed("it names no protocol") }
        let version = try bytes.number(UInt8.self)
        guard (2...5).contains(version) else {
            throw CheckpointError(
                .unsupported, path: path, "its pickle has protocol \(version); protocols 2 to 5 are read")
        }
        while true {
            let code = try bytes.number(UInt8.self)
            if code == UInt8(ascii: ".") { return try pop() }
            try run(code)
        }
    }

    private mutating func run(_ code: UInt8) throws {
        switch code {
        case 0x95: _ = try bytes.number(UInt64.self)  // FRAME: how far a reader may read ahead.
        case UInt8(ascii: "N"): try push(.none)
        case 0x88: try push(.bool(true))
        case 0x89: try push(.bool(false))
        case UInt8(ascii: "J"): try push(.int(Int(bytes.number(Int32.self))))
        case UInt8(ascii: "K"): try push(.int(Int(bytes.number(UInt8.self))))
        case UInt8(ascii: "M"): try push(.int(Int(bytes.number(UInt16.self))))
        case 0x8A: try push(bytes.integer(bytes: bytes.number(UInt8.self)).map { .int($0) } ?? .inert)
        case 0x8B: try push(bytes.integer(bytes: bytes.number(Int32.self)).map { .int($0) } ?? .inert)
        case UInt8(ascii: "G"): try push(.float(Double(bitPattern: bytes.number(UInt64.self).byteSwapped)))
        case UInt8(ascii: "X"): try push(.string(bytes.text(countedBy: UInt32.self)))
        case 0x8C: try push(.string(bytes.text(countedBy: UInt8.self)))
        case 0x8D: try push(.string(bytes.text(countedBy: UInt64.self)))
        case UInt8(ascii: "T"): try push(.string(bytes.text(countedBy: Int32.self)))
        case UInt8(ascii: "U"): try push(.string(bytes.text(countedBy: UInt8.self)))
        case UInt8(ascii: "B"): try pushBytes(countedBy: UInt32.self)
        case UInt8(ascii: "C"): try pushBytes(countedBy: UInt8.self)
        case 0x8E, 0x96: try pushBytes(countedBy: UInt64.self)
        case UInt8(ascii: "("):
            try charge(1)
            marks.append(stack.count)
        case UInt8(ascii: "0"): if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: ")"), UInt8(ascii: "]"), 0x8F: try push(heap.sequence([]))
        case UInt8(ascii: "t"), 0x91: try push(heap.sequence(popToMark()))
        case 0x85: try pushTuple(1)
        case 0x86: try pushTuple(2)
        case 0x87: try pushTuple(3)
        case UInt8(ascii: "}"): try push(heap.dictionary([]))
        case UInt8(ascii: "a"): try append([pop()])
        case UInt8(ascii: "e"), 0x90: try append(popToMark())
        case UInt8(ascii: "s"):
            let value = try pop()
            try set([pop(), value])
        case UInt8(ascii: "u"): try set(popToMark())
        case UInt8(ascii: "h"): try get(Int(bytes.number(UInt8.self)))
        case UInt8(ascii: "j"): try get(Int(bytes.number(UInt32.self)))
        case UInt8(ascii: "q"): try put(Int(bytes.number(UInt8.self)))
        case UInt8(ascii: "r"): try put(Int(bytes.number(UInt32.self)))
        case 0x94: try put(memo.count)
        default: try construct(code)
        }
    }

    /// The codes that make more than plain data, and the unknown ones.
    private mutating func construct(_ code: UInt8) throws {
        switch code {
        case UInt8(ascii: "c"):
            let module = try bytes.line()
            try push(.constructor(constructor(module, bytes.line())))
        case 0x93:
            guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
                throw malformed("a class has a name that is no text")
            }
            try push(.constructor(constructor(module, name)))
        case UInt8(ascii: "i"):
            let module = try bytes.line()
            _ = try constructor(module, bytes.line())
            throw malformed("it makes an instance in the way of protocol 0")
        case UInt8(ascii: "R"):
            let arguments = try popArguments()
            guard case .constructor(let constructor) = try pop() else {
                throw malformed("it calls what is no function")
            }
            try push(call(constructor, arguments))
        case 0x81:
            let arguments = try popArguments()
            switch try pop() {
            case .constructor(.script): try push(object())
            case .constructor(.dictionary) where arguments.isEmpty: try push(heap.dictionary([]))
            default: throw malformed("it makes an instance of what is no class of a checkpoint")
            }
        case UInt8(ascii: "b"): try build(state: pop())
        case UInt8(ascii: "Q"): try push(storage(pop()))
        default:
            throw malformed("the code \(code) is of no pickle that PyTorch writes")
        }
    }

    // MARK: the stack

    func malformed(_ reason: String) -> CheckpointError { bytes.malformed(reason) }

    /// Counts work and memory, and stops a pickle that wants more of it than a checkpoint needs.
    mutating func charge(_ count: Int) throws {
        spent += count
        guard spent <= Self.maximumValues else {
            throw CheckpointError(
                .unsupported, path: path,
                "its pickle makes more than the \(Self.maximumValues) values that are read; save only the weights")
        }
    }

    private mutating func push(_ value: PickleValue) throws {
        try charge(1)
        stack.append(value)
    }

    private mutating func pushBytes<Length: FixedWidthInteger & BitwiseCopyable>(countedBy type: Length.Type) throws {
        try bytes.skip(countedBy: type)
        try push(.inert)
    }

    private mutating func pushTuple(_ count: Int) throws {
        guard stack.count - (marks.last ?? 0) >= count else { throw malformed("a tuple lacks values") }
        let values = Array(stack.suffix(count))
        stack.removeLast(count)
        try push(heap.sequence(values))
    }

    private mutating func pop() throws -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw malformed("a value is missing") }
        return value
    }

    private mutating func popToMark() throws -> [PickleValue] {
        guard let mark = marks.popLast() else { throw malformed("a mark is missing") }
        let values = Array(stack[mark...])
        stack.removeLast(values.count)
        return values
    }

    private mutating func popArguments() throws -> [PickleValue] {
        guard case .sequence(let place) = try pop() else { throw malformed("arguments are no tuple") }
        return heap.sequences[place]
    }

    private mutating func get(_ key: Int) throws {
        guard let value = memo[key] else { throw malformed("it remembers nothing under \(key)") }
        try push(value)
    }

    private mutating func put(_ key: Int) throws {
        guard stack.count > marks.last ?? 0, let value = stack.last else { throw malformed("a value is missing") }
        try charge(1)
        memo[key] = value
    }

    private mutating func append(_ values: [PickleValue]) throws {
        switch stack.last {
        case .sequence(let place): heap.sequences[place] += values
        default: throw malformed("it appends to what is no list")
        }
    }

    private mutating func set(_ values: [PickleValue]) throws {
        guard case .dictionary(let place) = stack.last, values.count.isMultiple(of: 2) else {
            throw malformed("it sets keys of what is no dictionary")
        }
        for index in stride(from: 0, to: values.count, by: 2) {
            heap.dictionaries[place].append((values[index], values[index + 1]))
        }
    }

    /// Gives its state to the value on top.
    private mutating func build(state: PickleValue) throws {
        switch (stack.last, state) {
        case (.object(let place), .dictionary(let attributes)): heap.objects[place] = attributes
        // The state of a dictionary is its metadata; what is inert stays so, and so does an object with a state of its own.
        case (.dictionary, .dictionary), (.inert, _), (.object, _): break
        default: throw malformed("it gives a state to what has none")
        }
    }

    mutating func object() -> PickleValue {
        heap.objects.append(nil)
        return .object(heap.objects.count - 1)
    }

    // MARK: names

    private func constructor(_ module: String, _ name: String) throws -> PickleConstructor {
        if let known = PickleConstructor(module: module, name: name, allowingScript: allowingScript) { return known }
        guard !PickleConstructor.isElementType(module: module, name: name) else {
            throw CheckpointError(
                .unsupported, path: path,
                "holds numbers of the type \(CheckpointError.quoted("torch.\(name)")), which is not read; leave them out"
            )
        }
        throw CheckpointError(
            .unsafe, path: path,
            "asks for \(CheckpointError.quoted("\(module).\(name)")), which no weights need; nothing was run: save the "
                + "state dict alone where the file was made, torch.save(model.state_dict(), …), or convert it to safetensors"
        )
    }

    /// The storage of a persistent id: `('storage', class, key, device, number of elements)`.
    private mutating func storage(_ id: PickleValue) throws -> PickleValue {
        guard case .sequence(let place) = id else { throw malformed("a storage is not named by a tuple") }
        let parts = heap.sequences[place]
        guard parts.count == 5, case .string("storage") = parts[0], case .constructor(.storage(let type)) = parts[1],
            case .int(let count) = parts[4]
        else { throw malformed("a storage is named in an unknown way") }
        let key: String
        switch parts[2] {
        case .string(let text): key = text
        case .int(let number): key = String(number)
        default: throw malformed("a storage has a key that is neither text nor number")
        }
        let data = try record(key)
        let (size, overflow) = count.multipliedReportingOverflow(by: type?.byteCount ?? 1)
        guard count >= 0, !overflow, size <= data.count else {
            throw malformed("storage \(CheckpointError.quoted(key)) of \(count) elements has only \(data.count) bytes")
        }
        heap.storages.append(.init(data: data.prefix(size), elementType: type))
        return .storage(heap.storages.count - 1)
    }
}
