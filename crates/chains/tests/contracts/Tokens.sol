// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// An ordinary token: moves what it logs, reverts what it cannot move. Takes no coin.
contract PlainToken {
    event Transfer(address indexed from, address indexed to, uint256 value);

    string public constant symbol = "USDT";
    uint8 public immutable decimals;
    mapping(address => uint256) public balanceOf;

    constructor(uint8 decimals_, uint256 supply) {
        decimals = decimals_;
        balanceOf[msg.sender] = supply;
    }

    function transfer(address to, uint256 value) external virtual returns (bool) {
        move(to, value);
        return true;
    }

    /// Two transfers to the same receiver in one transaction.
    function transferTwice(address to, uint256 first, uint256 second) external {
        move(to, first);
        move(to, second);
    }

    function move(address to, uint256 value) internal virtual {
        take(value);
        give(to, value);
        emit Transfer(msg.sender, to, value);
    }

    function take(uint256 value) internal {
        require(balanceOf[msg.sender] >= value, "too much");
        unchecked {
            balanceOf[msg.sender] -= value;
        }
    }

    function give(address to, uint256 value) internal {
        unchecked {
            balanceOf[to] += value;
        }
    }
}

/// Keeps a tenth of each transfer and logs the whole.
contract FeeToken is PlainToken {
    constructor(uint8 decimals_, uint256 supply) PlainToken(decimals_, supply) {}

    function move(address to, uint256 value) internal override {
        take(value);
        give(to, value - value / 10);
        emit Transfer(msg.sender, to, value);
    }
}

/// Logs transfers and moves nothing.
contract LyingToken is PlainToken {
    constructor(uint8 decimals_, uint256 supply) PlainToken(decimals_, supply) {}

    function move(address to, uint256 value) internal override {
        emit Transfer(msg.sender, to, value);
    }
}

/// Says no, logs the transfer all the same, and moves nothing.
contract FalseToken is PlainToken {
    constructor(uint8 decimals_, uint256 supply) PlainToken(decimals_, supply) {}

    function transfer(address to, uint256 value) external override returns (bool) {
        emit Transfer(msg.sender, to, value);
        return false;
    }
}

/// Changes what holders have without a log.
contract RebasingToken is PlainToken {
    constructor(uint8 decimals_, uint256 supply) PlainToken(decimals_, supply) {}

    function rebase(address holder, uint256 value) external {
        balanceOf[holder] = value;
    }
}

/// Can be paused, and shuts out who is on its list.
contract PausableToken is PlainToken {
    bool public paused;
    mapping(address => bool) public shutOut;

    constructor(uint8 decimals_, uint256 supply) PlainToken(decimals_, supply) {}

    function pause(bool paused_) external {
        paused = paused_;
    }

    function shut(address holder, bool out) external {
        shutOut[holder] = out;
    }

    function move(address to, uint256 value) internal override {
        require(!paused && !shutOut[msg.sender] && !shutOut[to], "no");
        super.move(to, value);
    }
}
