/// What a pickle describes: plain values, and containers as places in a ``PickleHeap``.
///
/// Places instead of references: a pickle can hold a container inside itself, or a million inside one another, and
/// neither a leak nor the depth of a destructor should follow from that.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    /// A tuple, a list or a set.
    case sequence(Int)
    case dictionary(Int)
    /// An instance of a TorchScript class; its attributes are a dictionary once they have been given.
    case object(Int)
    case storage(Int)
    case tensor(Int)
    /// A constructor that is allowed, not yet called.
    case constructor(PickleConstructor)
    /// Something that is known to be harmless and of no use here: bytes, a NumPy scalar, a device.
    case inert
}

/// The containers and tensors of a pickle.
struct PickleHeap {
    /// A record of raw numbers, and the type that its storage has.
    struct Storage {
        /// Where the numbers lie in the file.
        let data: Range<Int>
        /// The type of one number; nil when each tensor brings its own.
        let elementType: ElementType?
    }

    var sequences: [[PickleValue]] = []
    /// In the order in which the keys were set; a key that is set again appears again.
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    /// The place of the attributes of each object.
    var objects: [Int?] = []
    var storages: [Storage] = []
    var tensors: [StoredTensor] = []

    mutating func sequence(_ values: [PickleValue]) -> PickleValue {
        sequences.append(values)
        return .sequence(sequences.count - 1)
    }

    mutating func dictionary(_ pairs: [(key: PickleValue, value: PickleValue)]) -> PickleValue {
        dictionaries.append(pairs)
        return .dictionary(dictionaries.count - 1)
    }

    /// The value that the dictionary at `place` has under `key`.
    func value(_ key: String, in place: Int) -> PickleValue? {
        dictionaries[place].last {
            if case .string(key) = $0.key { true } else { false }
        }?.value
    }
}
