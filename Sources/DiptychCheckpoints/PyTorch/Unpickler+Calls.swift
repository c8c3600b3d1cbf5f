/// What the allowed constructors make of their arguments.
extension Unpickler {
    /// The result of calling `constructor`.
    mutating func call(_ constructor: PickleConstructor, _ arguments: [PickleValue]) throws -> PickleValue {
        switch constructor {
        case .inert: return .inert
        case .script: return object()
        case .identity, .parameter:
            guard let value = arguments.first else { throw malformed("a function lacks its argument") }
            if case .parameter = constructor {
                guard case .tensor = value else { throw malformed("a parameter is made of what is no tensor") }
            }
            return value
        case .dictionary: return try dictionary(arguments)
        case .tensor(let version): return try tensor(arguments, version: version)
        case .storage, .elementType: throw malformed("it calls a type of numbers")
        }
    }

    /// A dictionary: empty, a copy of another one, or from a list of pairs.
    private mutating func dictionary(_ arguments: [PickleValue]) throws -> PickleValue {
        switch arguments.first {
        case nil: return heap.dictionary([])
        case .dictionary(let place):
            try charge(heap.dictionaries[place].count)
            return heap.dictionary(heap.dictionaries[place])
        case .sequence(let place):
            let pairs = heap.sequences[place]
            try charge(pairs.count)
            return heap.dictionary(
                try pairs.map { pair in
                    guard case .sequence(let place) = pair, heap.sequences[place].count == 2 else {
                        throw malformed("a dictionary is made of what is no pair")
                    }
                    return (heap.sequences[place][0], heap.sequences[place][1])
                })
        default: throw malformed("a dictionary is made of what is no pair")
        }
    }

    /// A tensor: `(storage, offset, extents, strides[, requires gradient, hooks[, dtype][, metadata]])`.
    private mutating func tensor(_ arguments: [PickleValue], version: Int) throws -> PickleValue {
        let (least, most) = [1: (4, 4), 2: (6, 7), 3: (7, 8)][version] ?? (4, 4)
        guard (least...most).contains(arguments.count), case .storage(let place) = arguments[0],
            case .int(let offset) = arguments[1]
        else { throw malformed("a tensor is made in an unknown way") }
        // Metadata says that a tensor's values are to be negated or conjugated when they are read.
        if arguments.count == most, version > 1 {
            switch arguments[most - 1] {
            case .none: break
            case .dictionary(let place) where heap.dictionaries[place].isEmpty: break
            default: throw malformed("a tensor is to be negated or conjugated on reading, which is not done")
            }
        }
        let storage = heap.storages[place]
        var type = storage.elementType
        if version == 3 {
            guard case .constructor(.elementType(let own)) = arguments[6] else {
                throw malformed("a tensor's type is unknown")
            }
            type = own
        }
        guard let type else { throw malformed("a tensor has no type") }
        do {
            heap.tensors.append(
                try StoredTensor(
                    storage: storage.data, elementType: type, offset: offset, shape: extents(arguments[2]),
                    strides: extents(arguments[3])))
        } catch let fault as StoredTensor.Fault { throw malformed(fault.reason) }
        return .tensor(heap.tensors.count - 1)
    }

    private func extents(_ value: PickleValue) throws -> [Int] {
        guard case .sequence(let place) = value, heap.sequences[place].count <= StoredTensor.maximumRank else {
            throw malformed("a tensor's extents are no tuple of at most \(StoredTensor.maximumRank) numbers")
        }
        return try heap.sequences[place].map {
            guard case .int(let extent) = $0 else { throw malformed("a tensor's extent is no whole number") }
            return extent
        }
    }
}
